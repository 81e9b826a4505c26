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
from numpy.typing import NDArray

from service.facts import Ints
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
    solving: Callable[[float], None],
) -> list[Block]:
    """The read-out of every block of the inputs; `solving` is told a fraction. Raises Unheld."""
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
            solving(done / len(counts))
        todo = np.concatenate(again)
        rows[todo] += recipe.widen_step
    return [block for block in blocks if block is not None]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Blocks of one shape: facts padded to a step, rows, code bits; or no more of each than that."""

    blocks: Ints
    facts: int
    rows: int
    bits: int


@dataclass(frozen=True, slots=True)
class _SolvedBatch:
    shape: _Batch
    steps: NDArray[np.int8]
    scales: NDArray[np.float16]
    held: NDArray[np.bool_]


class _BatchSolver:
    """Solves batches of blocks; holds the pairs as tensors on the device that computes."""

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

    def _features(self, at: torch.Tensor, rows: int) -> torch.Tensor:
        """Features of the pairs at positions (blocks, facts): (blocks, facts, rows)."""
        flat = at.flatten()
        subject = self._network.project(self._network.tokens(self._digests[self._subject[flat]]))
        relation = self._relations[self._relation[flat]]
        return self._network.features(subject, relation, split_rows(self._recipe.rows, rows)).view(*at.shape, rows)

    def _own_bits(self, blocks: torch.Tensor, bits: int) -> torch.Tensor:
        """1 for each block's code bits, 0 beyond: (blocks, 1, bits)."""
        return (torch.arange(bits, device=self._device) < self._bits[blocks, None])[:, None].float()

    def _targets(self, at: torch.Tensor, bits: int) -> torch.Tensor:
        """Code XOR pad of the pairs at positions as -1 and +1: (blocks, facts, bits)."""
        shifted = self._target[at][..., None] >> torch.arange(bits, device=self._device)
        return (shifted & 1).float() * 2 - 1


def _solve_as_stored(F: torch.Tensor, Y: torch.Tensor, recipe: Resolved) -> tuple[torch.Tensor, torch.Tensor]:
    """The read-out of each block as it is stored: searched for, or solved and rounded."""
    if recipe.search_steps:
        return search_weights(F, Y, Grid(recipe.weight_bits), recipe.tau0, recipe.search_steps)
    return quantise(solve(F, Y, recipe), F, Y, Rounding.of(recipe))


def _never_empty(column: torch.Tensor) -> torch.Tensor:
    """Blocks without pairs point at the first row, and mask what it says; where no block has a pair, one is made up."""
    return column if len(column) else column.new_zeros((1, *column.shape[1:]))


def _cut_batches(todo: Ints, counts: Ints, rows: Ints, bits: Ints, recipe: Resolved) -> Iterator[_Batch]:
    """Cut `todo` into batches of equal shape; where sums are exact, only rows have to be equal."""
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
