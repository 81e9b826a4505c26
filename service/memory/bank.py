"""The bank: read-out weights of all blocks, as stored and as one table to read from.

Blocks of a group follow each other; a block is `rows` rows of steps (int8, or two four-bit steps a byte) and one
float16 scale for each of its code bits.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.memory.hashing import Words
from service.memory.recipe import Group, Resolved

Steps = NDArray[np.int8]
Scales = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class GroupWeights:
    """rows: (blocks,) uint16; steps: (sum of rows, code bits) int8; scales: (blocks, code bits) float16."""

    rows: NDArray[np.uint16]
    steps: Steps
    scales: Scales


class Bank:
    """Groups in the order of the recipe. Row and block numbers run through all of them."""

    def __init__(self, recipe: Resolved, groups: Sequence[GroupWeights]) -> None:
        self.recipe = recipe
        self.groups = list(groups)
        self.rows = np.concatenate([group.rows for group in groups]).astype(np.int64)
        self.code_bits = max((group.code_bits for group in recipe.groups), default=1)

    def readout(self) -> NDArray[np.float32]:
        """All steps under each other and a row of zeros, (rows + 1, longest code); zeros follow short codes."""
        table = np.zeros((int(self.rows.sum()) + 1, self.code_bits), dtype=np.float32)
        at = 0
        for group in self.groups:
            height, width = group.steps.shape
            table[at : at + height, :width] = group.steps
            at += height
        return table

    def scales(self) -> NDArray[np.float32]:
        """One row a block; zeros behind short codes."""
        scales = np.zeros((len(self.rows), self.code_bits), dtype=np.float32)
        at = 0
        for group in self.groups:
            scales[at : at + len(group.rows), : group.scales.shape[1]] = group.scales
            at += len(group.rows)
        return scales

    @property
    def stored_parameters(self) -> int:
        return sum(group.steps.size for group in self.groups)

    @property
    def nbytes(self) -> int:
        """Bytes of weights, scales and block table."""
        weights = sum(group.steps.size * self.recipe.weight_bits // 8 for group in self.groups)
        return weights + sum(group.scales.nbytes + group.rows.nbytes for group in self.groups)

    def block_hashes(self) -> Iterator[bytes]:
        """SHA-256 of each block as stored: the leaves of the memory's digest."""
        for group in self.groups:
            start = 0
            for rows, scales in zip(group.rows.tolist(), group.scales, strict=True):
                steps = group.steps[start : start + rows]
                yield hashlib.sha256(pack(steps, self.recipe.weight_bits).tobytes() + scales.tobytes()).digest()
                start += rows


def routes(group: Group, hashes: Words) -> NDArray[np.int64]:
    """The block of each pair within its group: the leading 32 bits of its hash, as a fraction of the blocks."""
    return ((hashes >> np.uint64(32)) * np.uint64(group.blocks) >> np.uint64(32)).astype(np.int64)


def pack(steps: Steps, weight_bits: int) -> NDArray[np.uint8]:
    """Steps as stored bytes: one a byte, or two (the first in the low half)."""
    flat = steps.reshape(-1)
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
