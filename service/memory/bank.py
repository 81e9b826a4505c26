"""The bank: the weights of all blocks as they are stored.

A block is `rows` rows of steps (int8, or several of four or two bits a byte) and some float16 scales; what a row is and
which steps a scale belongs to, only the solver knows that made it. Blocks of a group follow each other, and groups
stand in the order of the recipe. A bank never changes: a version of a memory that differs in a few blocks has a list of
its own, in which all other blocks are the same objects.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float16, Int8, Int64, Shaped, UInt8, UInt64
from numpy import ndarray
from numpy.typing import NDArray

from service.memory.recipe import Group, Resolved

_CODES = {4: (-8, 1), 2: (-3, 2)}  # by bits a weight: the step that code 0 stands for, and steps between two codes


class Block(NamedTuple):
    """The weights of one block: steps, and the scales by which they are multiplied."""

    steps: Int8[ndarray, "rows width"]
    scales: Float16[ndarray, " scales"]


class Layout(NamedTuple):
    """How blocks of a group are laid out: the width of a row, and the number of scales of a block of so many rows."""

    width: int
    scales: Callable[[int], int]


@dataclass(frozen=True)
class Bank:
    """Blocks by number, which runs through all groups of the recipe."""

    recipe: Resolved
    blocks: list[Block]

    @cached_property
    def table(self) -> Int64[ndarray, "blocks 3"]:
        """The numbers of rows, weights and scales of each block."""
        return np.array([_count_block(block) for block in self.blocks], dtype=np.int64).reshape(-1, 3)

    @property
    def stored_parameters(self) -> int:
        return int(self.table[:, 1].sum())

    @property
    def stored_scales(self) -> int:
        return int(self.table[:, 2].sum())

    @property
    def nbytes(self) -> int:
        """Bytes of weights, scales (float16) and block table (a uint16 of rows for each block)."""
        weights = self.stored_parameters * self.recipe.weight_bits // 8
        return weights + 2 * self.stored_scales + 2 * len(self.blocks)

    def with_blocks(self, changed: Mapping[int, Block]) -> "Bank":
        """The bank in which these blocks stand in the place of those that had their numbers."""
        blocks, table = self.blocks.copy(), self.table.copy()
        for number, block in changed.items():
            blocks[number], table[number] = block, _count_block(block)
        bank = Bank(self.recipe, blocks)
        bank.__dict__["table"] = table  # counted block by block only once
        return bank

    def hashes(self, numbers: Iterable[int]) -> list[bytes]:
        """SHA-256 of blocks as stored."""
        bits = self.recipe.weight_bits
        blocks = (self.blocks[number] for number in numbers)
        return [
            hashlib.sha256(
                pack_steps(block.steps, bits).tobytes() + np.ascontiguousarray(block.scales).tobytes()
            ).digest()
            for block in blocks
        ]


def _count_block(block: Block) -> tuple[int, int, int]:
    return len(block.steps), block.steps.size, block.scales.size


def bits_of_blocks(recipe: Resolved) -> Int64[ndarray, " blocks"]:
    """The code length of each block."""
    lengths, sizes = zip(*((group.code_bits, group.blocks) for group in recipe.groups), strict=True)
    return np.repeat(np.array(lengths, dtype=np.int64), sizes)


def scales_of_blocks(recipe: Resolved) -> Int64[ndarray, " blocks"]:
    """How many scales each block stores."""
    bits = bits_of_blocks(recipe)
    return np.ones_like(bits) if recipe.search_steps else bits


def route_within_group(group: Group, hashes: UInt64[ndarray, " n"]) -> Int64[ndarray, " n"]:
    """The block of each pair within its group: the leading 32 bits of its hash, as a fraction of the blocks."""
    return ((hashes >> np.uint64(32)) * np.uint64(group.blocks) >> np.uint64(32)).astype(np.int64)


def pack_steps(steps: Int8[ndarray, "rows width"], weight_bits: int) -> UInt8[ndarray, " bytes"]:
    """Steps as stored bytes: one a byte, or two or four (the first in the lowest bits)."""
    flat = np.ascontiguousarray(steps).reshape(-1)
    if weight_bits == 8:
        return flat.view(np.uint8)
    first, unit = _CODES[weight_bits]
    codes = ((flat - first) // unit).astype(np.uint8).reshape(-1, 8 // weight_bits)
    shifts = np.arange(0, 8, weight_bits, dtype=np.uint8)
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(codes << shifts, axis=1)
    return packed


def unpack_steps(stored: UInt8[ndarray, " bytes"], weight_bits: int, width: int) -> Int8[ndarray, "rows {width}"]:
    """The inverse of `pack`, in rows of this width."""
    if weight_bits == 8:
        return stored.view(np.int8).reshape(-1, width)
    first, unit = _CODES[weight_bits]
    shifts = np.arange(0, 8, weight_bits, dtype=np.uint8)
    codes = (stored[:, None] >> shifts) & np.uint8((1 << weight_bits) - 1)
    return (codes.astype(np.int8) * np.int8(unit) + np.int8(first)).reshape(-1, width)


def cut_blocks(
    steps: Int8[ndarray, "rows_of_all width"],
    scales: Float16[ndarray, " scales_of_all"],
    rows: Sequence[int],
    layout: Layout,
) -> list[Block]:
    """Cut the steps and scales of blocks that stand under each other into blocks of so many `rows`."""
    some = zip(_cut_column(steps, rows), _cut_column(scales, [layout.scales(each) for each in rows]), strict=True)
    return [Block(*each) for each in some]


def _cut_column(column: Shaped[ndarray, "_ ..."], lengths: Sequence[int]) -> list[Shaped[ndarray, "_ ..."]]:
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    return [column[start:end] for start, end in zip([0, *ends], ends, strict=False)]
