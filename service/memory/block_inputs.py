"""What blocks are made from, whichever solver makes them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.facts import Ints
from service.memory.hashing import Keyring, Words

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class BlockInputs:
    """Pairs sorted by block and, within one, by hash: those of block b are starts[b]:starts[b+1].

    subject, relation: positions in the lists of digests, (pairs,); target: code XOR pad, (pairs,); bits: the code
    length of each block.
    """

    subject_digests: NDArray[np.uint8]
    relation_digests: NDArray[np.uint8]
    subject: Ints
    relation: Ints
    target: Words
    starts: Ints
    bits: Ints


@dataclass(frozen=True, slots=True)
class Work:
    """How blocks are made: threads that compute alone; `report`, told a fraction of one and a step, which may raise to
    stop; and a folder that keeps what is made, for who is stopped and starts again (None: nothing is kept). What is
    kept is authenticated by the keyring.
    """

    workers: ThreadPoolExecutor
    report: Progress
    keyring: Keyring
    checkpoint: Path | None = None


class BlocksNotHeld(Exception):
    """Blocks that no allowed width can hold."""

    def __init__(self, blocks: Ints) -> None:
        super().__init__(f"{len(blocks)} blocks")
        self.blocks = blocks
