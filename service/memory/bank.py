"""The bank: the read-out weights of all blocks as they are stored.

A block is `rows` rows of steps (int8, or two four-bit steps a byte) and one float16 scale for each of its code bits.
Blocks of a group follow each other, and groups stand in the order of the recipe. A bank never changes: a version of a
memory that differs in a few blocks has a list of its own, in which all other blocks are the same objects.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.memory.hashing import Words
from service.memory.recipe import Group, Resolved

Steps = NDArray[np.int8]
Scales = NDArray[np.float16]


class Block(NamedTuple):
    """steps: (rows, code bits) int8; scales: (code bits,) float16."""

    steps: Steps
    scales: Scales


@dataclass(frozen=True)
class Bank:
    """Blocks by number, which runs through all groups of the recipe."""

    recipe: Resolved
    blocks: list[Block]

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Rows of each block, (blocks,)."""
        return np.fromiter((len(block.steps) for block in self.blocks), np.int64, len(self.blocks))

    @property
    def stored_parameters(self) -> int:
        return int((self.rows * bits_of_blocks(self.recipe)).sum())

    @property
    def nbytes(self) -> int:
        """Bytes of weights, scales (float16) and block table (a uint16 of rows for each block)."""
        weights = self.stored_parameters * self.recipe.weight_bits // 8
        return weights + int(2 * bits_of_blocks(self.recipe).sum()) + 2 * len(self.blocks)

    def with_blocks(self, changed: Mapping[int, Block]) -> "Bank":
        """The bank in which these blocks stand in the place of those that had their numbers."""
        blocks, rows = self.blocks.copy(), self.rows.copy()
        for number, block in changed.items():
            blocks[number], rows[number] = block, len(block.steps)
        bank = Bank(self.recipe, blocks)
        bank.__dict__["rows"] = rows  # counted block by block only once
        return bank

    def hashes(self, numbers: Iterable[int]) -> list[bytes]:
        """SHA-256 of blocks as stored."""
        bits = self.recipe.weight_bits
        blocks = (self.blocks[number] for number in numbers)
        return [
            hashlib.sha256(pack(block.steps, bits).tobytes() + np.ascontiguousarray(block.scales).tobytes()).digest()
            for block in blocks
        ]


def bits_of_blocks(recipe: Resolved) -> NDArray[np.int64]:
    """The code length of each block, (blocks,)."""
    lengths, sizes = zip(*((group.code_bits, group.blocks) for group in recipe.groups), strict=True)
    return np.repeat(np.array(lengths, dtype=np.int64), sizes)


def routes(group: Group, hashes: Words) -> NDArray[np.int64]:
    """The block of each pair within its group: the leading 32 bits of its hash, as a fraction of the blocks."""
    return ((hashes >> np.uint64(32)) * np.uint64(group.blocks) >> np.uint64(32)).astype(np.int64)


def pack(steps: Steps, weight_bits: int) -> NDArray[np.uint8]:
    """Steps as stored bytes: one a byte, or two (the first in the low half)."""
    flat = np.ascontiguousarray(steps).reshape(-1)
    if weight_bits == 8:
        return flat.view(np.uint8)
    nibbles = (flat + 8).astype(np.uint8)
    packed: NDArray[np.uint8] = nibbles[::2] | (nibbles[1::2] << np.uint8(4))
    return packed


def unpack(stored: NDArray[np.uint8], weight_bits: int, code_bits: int) -> Steps:
    """The inverse of `pack`."""
    if weight_bits == 8:
        return stored.view(np.int8).reshape(-1, code_bits)
    steps = np.empty(2 * len(stored), dtype=np.int8)
    steps[::2] = (stored & 15).astype(np.int8) - 8
    steps[1::2] = (stored >> 4).astype(np.int8) - 8
    return steps.reshape(-1, code_bits)


def cut(steps: Steps, rows: NDArray[np.uint16], scales: Scales) -> list[Block]:
    """Blocks that stand under each other in one matrix: steps (sum of rows, bits), rows (blocks,), scales
    (blocks, bits).
    """
    ends = np.cumsum(rows, dtype=np.int64).tolist()
    starts = [0, *ends[:-1]] if ends else []
    return [Block(steps[start:end], scale) for start, end, scale in zip(starts, ends, scales, strict=True)]
