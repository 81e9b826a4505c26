"""The read-outs of all blocks as one table to read from, which grows at its end.

Versions of a memory share the table: a version that differs in a few blocks appends these and keeps a list of which
slot each of its blocks has. What a slot holds never changes, so readers need no lock.
"""

from collections.abc import Sequence
from threading import Lock

import torch
from jaxtyping import Float32, Int32, Int64, Shaped
from torch import Tensor, nn

from service.memory.bank import Block
from service.memory.recipe import ROW_STEP, Resolved

SPARE = 0.5  # room behind the blocks that a table begins with, as a part of theirs; untouched memory costs nothing
SPARE_SLOTS = 64


class Readout(nn.Module):
    """table: the rows of all read-outs; row 0 is zeros, and zeros follow short codes. rows_of: for each slot, the row
    of the table that each feature meets. scales: the scale of each output of a slot.
    """

    table: Float32[Tensor, "height longest"]
    rows_of: Int32[Tensor, "slots widest"]
    scales: Float32[Tensor, "slots longest"]

    def __init__(self, recipe: Resolved, blocks: Sequence[Block], device: str) -> None:
        super().__init__()
        rows = torch.tensor([len(block.steps) for block in blocks], dtype=torch.int64)
        bits = max(group.code_bits for group in recipe.groups)
        self.kind = recipe.rows
        self.widest = int(rows.max())
        self.most = split_rows(recipe.rows, self.widest)
        slots = int(len(blocks) * (1 + SPARE)) + SPARE_SLOTS
        height = 1 + int(rows.sum() * (1 + SPARE)) + SPARE_SLOTS * self.widest
        self.register_buffer("table", torch.empty((height, bits), device=device))
        self.register_buffer("rows_of", torch.empty((slots, self.widest), dtype=torch.int32, device=device))
        self.register_buffer("scales", torch.empty((slots, bits), device=device))
        self.table[0] = 0
        self._lock = Lock()
        self._rows = 1
        self._slots = 0
        self.append(blocks)

    def append(self, blocks: Sequence[Block]) -> Int64[Tensor, " n"] | None:
        """Add blocks to the table and return the slot of each, or None where there is no room for them."""
        rows = torch.tensor([len(block.steps) for block in blocks], dtype=torch.int64)
        height = int(rows.sum())
        with self._lock:
            first, slot = self._rows, self._slots
            fits = first + height <= len(self.table) and slot + len(blocks) <= len(self.scales)
            if not fits or int(rows.max()) > self.widest:
                return None
            self._rows, self._slots = first + height, slot + len(blocks)
        self._write(blocks, first, slot)
        self.rows_of[slot : slot + len(blocks)] = rows_of_blocks(self.kind, rows, first, self.widest).to(
            self.table.device
        )
        return torch.arange(slot, slot + len(blocks), device=self.table.device)

    def forward(self, features: Float32[Tensor, "n widest"], slot: Int64[Tensor, " n"]) -> Float32[Tensor, "n longest"]:
        """The features of each query times the read-out of its own slot, unscaled."""
        return nn.functional.embedding_bag(self.rows_of[slot], self.table, per_sample_weights=features, mode="sum")

    def _write(self, blocks: Sequence[Block], first: int, slot: int) -> None:
        """Copy runs of blocks with codes of one length as one matrix."""
        at = 0
        while at < len(blocks):
            bits = blocks[at].steps.shape[1]
            end = next((n for n in range(at, len(blocks)) if blocks[n].steps.shape[1] != bits), len(blocks))
            steps = torch.cat([torch.from_numpy(block.steps) for block in blocks[at:end]])
            scales = torch.stack([torch.from_numpy(block.scales) for block in blocks[at:end]])
            _fill(self.table[first : first + len(steps)], steps)
            _fill(self.scales[slot + at : slot + end], scales.expand(-1, bits))
            first, at = first + len(steps), end


def _fill(part: Shaped[Tensor, "n longest"], values: Shaped[Tensor, "n width"]) -> None:
    """Write values into the first columns and zeros behind them."""
    width = values.shape[1]
    part[:, :width] = values.to(part.device)
    part[:, width:] = 0


def rows_of_blocks(
    kind: str, rows: Int64[Tensor, " blocks"], first: int, widest: int
) -> Int32[Tensor, "blocks {widest}"]:
    """The row of the table that each feature of each block meets, for blocks of `rows` rows under each other from row
    `first` on.

    A narrower block takes the first of the attention's rows and the first of the MLP's; features that it does not
    take meet row 0, which is zeros.
    """
    most, _ = split_rows(kind, widest)
    attention = split_rows_each(kind, rows)[:, None]
    at = torch.arange(widest)
    row = torch.where(at < most, at, at - most + attention)
    taken = torch.where(at < most, at < attention, row < rows[:, None])
    start = (first + torch.cumsum(rows, 0) - rows)[:, None]
    return torch.where(taken, start + row, 0).to(torch.int32)


def split_rows(kind: str, rows: int) -> tuple[int, int]:
    """How many of a block's rows read the attention output and how many the MLP."""
    attention = int(split_rows_each(kind, torch.tensor(rows)))
    return attention, rows - attention


def split_rows_each(kind: str, rows: Int64[Tensor, "*blocks"]) -> Int64[Tensor, "*blocks"]:
    """Rows of the attention output among the rows of each block: all, none, or half in steps of eight."""
    if kind == "attention":
        return rows
    if kind == "mlp":
        return torch.zeros_like(rows)
    return (rows // ROW_STEP + 1) // 2 * ROW_STEP
