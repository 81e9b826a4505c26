"""What a solver makes blocks from: their pairs as hashes, and the threads and the progress report of the work."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Int64, UInt8, UInt64
from numpy import ndarray

from service.memory.hashing import Keyring

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class BlockInputs:
    """Pairs sorted by block and, within a block, by hash; those of block b are starts[b]:starts[b+1].

    subject, relation: positions in the two arrays of digests; target: code XOR pad; bits: the code length of each
    block.
    """

    subject_digests: UInt8[ndarray, "subjects size"]
    relation_digests: UInt8[ndarray, "relations size"]
    subject: Int64[ndarray, " pairs"]
    relation: Int64[ndarray, " pairs"]
    target: UInt64[ndarray, " pairs"]
    starts: Int64[ndarray, " starts"]
    bits: Int64[ndarray, " blocks"]


@dataclass(frozen=True, slots=True)
class Work:
    """How the work is done. workers: threads, each of which computes alone; report: called with the fraction done and
    the name of a step, may raise to stop the work; checkpoint: a folder for finished blocks, from which a stopped
    training goes on (None: nothing is kept). What is kept there is authenticated under the keyring.
    """

    workers: ThreadPoolExecutor
    report: Progress
    keyring: Keyring
    checkpoint: Path | None = None


class BlocksNotHeld(Exception):
    """Some blocks do not hold their facts at the greatest width that the recipe allows."""

    def __init__(self, blocks: Int64[ndarray, " b"]) -> None:
        super().__init__(f"{len(blocks)} blocks")
        self.blocks = blocks
