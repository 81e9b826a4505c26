"""Solving blocks: pairs, as hashes with the words they have to read out, become read-out weights.

    features -> solve -> quantise, or search -> margins; a block with a margin below tau0 is widened and solved again

The facts of a block stand in the order of their hashes and every matrix has a shape that its own block decides, so
neither the order of facts nor the number of threads, nor which other blocks are solved, reaches a stored byte.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float16, Float32, Int8, Int64, Shaped
from numpy import ndarray
from torch import Tensor

from service.memory.bank import Block
from service.memory.block_inputs import BlockInputs, BlocksNotHeld
from service.memory.closed_form.admm import solve
from service.memory.closed_form.grid import Grid
from service.memory.closed_form.network import ShallowMemory
from service.memory.closed_form.perceptron import search_weights
from service.memory.closed_form.quantise import Rounding, margins, quantise
from service.memory.closed_form.readout import split_rows
from service.memory.devices import run_all
from service.memory.recipe import ROW_STEP, Resolved

BATCH_BLOCKS = {"cpu": 16, "cuda": 512}
SEARCH_BATCH = 8  # times as many where weights are searched for: late in a search few columns are left of each block


def solve_blocks(
    network: ShallowMemory,
    recipe: Resolved,
    inputs: BlockInputs,
    workers: ThreadPoolExecutor,
    report: Callable[[float], None],
) -> list[Block]:
    """Solve the read-out of every block. `report` is called with the fraction done. Raises BlocksNotHeld."""
    counts = np.diff(inputs.starts)
    rows = np.array([recipe.rows_for(count) for count in counts.tolist()], dtype=np.int64)
    solver = _BatchSolver(network, recipe, inputs)
    blocks: list[Block | None] = [None] * len(counts)
    todo, done = np.arange(len(counts)), 0
    while len(todo):
        if rows[todo].max() > recipe.max_rows:
            raise BlocksNotHeld(todo[rows[todo] > recipe.max_rows])
        again = []
        for batch in run_all(workers, solver, list(_cut_batches(todo, counts, rows, inputs.bits, recipe))):
            for at, number in enumerate(batch.shape.blocks.tolist()):
                bits = int(inputs.bits[number])
                blocks[number] = Block(batch.steps[at, :, :bits], batch.scales[at, :bits])
            again.append(batch.shape.blocks[~batch.held])
            done += int(batch.held.sum())
            report(done / len(counts))
        todo = np.concatenate(again)
        rows[todo] += recipe.widen_step
    return [block for block in blocks if block is not None]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Blocks that are solved together. facts, rows, bits: the largest of any of them; smaller blocks are padded."""

    blocks: Int64[ndarray, " b"]
    facts: int
    rows: int
    bits: int


@dataclass(frozen=True, slots=True)
class _SolvedBatch:
    shape: _Batch
    steps: Int8[ndarray, "b rows bits"]
    scales: Float16[ndarray, "b columns"]
    held: Bool[ndarray, " b"]


class _BatchSolver:
    """Solves batches of blocks; keeps the pairs as tensors on the device that computes."""

    def __init__(self, network: ShallowMemory, recipe: Resolved, inputs: BlockInputs) -> None:
        self._recipe = recipe
        self._device = device = recipe.device
        self._starts = torch.from_numpy(inputs.starts).to(device)
        self._subject = _never_empty(torch.from_numpy(inputs.subject)).to(device)
        self._relation = _never_empty(torch.from_numpy(inputs.relation)).to(device)
        self._target = _never_empty(torch.from_numpy(inputs.target.view(np.int64))).to(device)
        self._digests = _never_empty(torch.from_numpy(inputs.subject_digests)).to(device)
        self._bits = torch.from_numpy(inputs.bits).to(device)
        self._network = network
        with torch.inference_mode():
            relations = network.tokens(torch.from_numpy(inputs.relation_digests).to(device))
            self._relations = network.project(relations)

    def __call__(self, shape: _Batch) -> _SolvedBatch:
        with torch.inference_mode():
            blocks = torch.from_numpy(shape.blocks).to(self._device)
            at = self._starts[blocks, None] + torch.arange(shape.facts, device=self._device)
            present = at < self._starts[blocks + 1, None]
            at = torch.where(present, at, 0)
            F = self._features(at, shape.rows) * present[..., None]
            Y = self._targets(at, shape.bits) * present[..., None] * self._own_bits(blocks, shape.bits)
            steps, scales = _solve_as_stored(F, Y, self._recipe)
            held = (margins(steps, scales, F, Y) >= self._recipe.tau0).all(dim=1)
            return _SolvedBatch(shape, steps.cpu().numpy(), scales.cpu().numpy(), held.cpu().numpy())

    def _features(self, at: Int64[Tensor, "b n"], rows: int) -> Float32[Tensor, "b n {rows}"]:
        """The features of the pairs at these positions."""
        flat = at.flatten()
        subject = self._network.project(self._network.tokens(self._digests[self._subject[flat]]))
        relation = self._relations[self._relation[flat]]
        return self._network.features(subject, relation, split_rows(self._recipe.rows, rows)).view(*at.shape, rows)

    def _own_bits(self, blocks: Int64[Tensor, " b"], bits: int) -> Float32[Tensor, "b 1 {bits}"]:
        """A mask of each block's own code bits: 1, and 0 beyond them."""
        return (torch.arange(bits, device=self._device) < self._bits[blocks, None])[:, None].float()

    def _targets(self, at: Int64[Tensor, "b n"], bits: int) -> Float32[Tensor, "b n {bits}"]:
        """Code XOR pad of the pairs at these positions, as -1 and +1."""
        shifted = self._target[at][..., None] >> torch.arange(bits, device=self._device)
        return (shifted & 1).float() * 2 - 1


def _solve_as_stored(
    F: Float32[Tensor, "b n rows"], Y: Float32[Tensor, "b n bits"], recipe: Resolved
) -> tuple[Int8[Tensor, "b rows bits"], Float16[Tensor, "b columns"]]:
    """Find each block's read-out as it is stored: search for it, or solve and round."""
    if recipe.search_steps:
        return search_weights(F, Y, Grid(recipe.weight_bits), recipe.tau0, recipe.search_steps)
    return quantise(solve(F, Y, recipe), F, Y, Rounding.of(recipe))


def _never_empty(column: Shaped[Tensor, "n ..."]) -> Shaped[Tensor, "m ..."]:
    """The column, with one row of zeros if it has none: blocks without pairs read the first row and mask it."""
    return column if len(column) else column.new_zeros((1, *column.shape[1:]))


def _cut_batches(
    todo: Int64[ndarray, " todo"],
    counts: Int64[ndarray, " blocks"],
    rows: Int64[ndarray, " blocks"],
    bits: Int64[ndarray, " blocks"],
    recipe: Resolved,
) -> Iterator[_Batch]:
    """Cut `todo` into batches of blocks of one shape; where every sum is exact, only rows have to agree."""
    todo = todo[np.argsort(bits[todo], kind="stable")]
    facts = -(-np.maximum(counts, 1) // ROW_STEP) * ROW_STEP
    decisive = [rows] if recipe.search_steps else [rows, bits, facts]
    distinct, shape = np.unique(np.stack(decisive, axis=1)[todo], axis=0, return_inverse=True)
    most = BATCH_BLOCKS[recipe.device] * (SEARCH_BATCH if recipe.search_steps else 1)
    for number in range(len(distinct)):
        members = todo[shape == number]
        for start in range(0, len(members), most):
            part = members[start : start + most]
            yield _Batch(part, int(facts[part].max()), int(rows[part[0]]), int(bits[part].max()))
