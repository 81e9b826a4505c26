"""Training: facts to a verified memory.

    names -> hashes -> routes to blocks -> codes XOR pads -> features -> solve -> quantise -> margins -> verify

The facts of a block stand in the order of their hashes and every matrix has a shape that its own block decides, so
neither the order of facts nor the number of threads reaches a stored byte.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from service.errors import TrainingFailed
from service.memory.bank import Bank, GroupWeights, pack, unpack
from service.memory.devices import choose, one_thread_each
from service.memory.facts import Facts
from service.memory.hashing import Keyring
from service.memory.memory import CHUNK, Memory
from service.memory.model import ShallowMemory, split
from service.memory.pairs import Ints
from service.memory.plan import Plan
from service.memory.quantise import margins, quantise
from service.memory.recipe import ROW_STEP, WIDEN_STEP, Recipe, Resolved
from service.memory.solver import solve

Progress = Callable[[float, str], None]
BATCH_BLOCKS = {"cpu": 16, "cuda": 512}


def fit(
    facts: Facts,
    recipe: Recipe | Resolved | None = None,
    *,
    secret: bytes,
    device: str = "auto",
    progress: Progress | None = None,
) -> Memory:
    """Train a memory that recalls every fact, or raise TrainingFailed with the facts it cannot hold.

    A resolved recipe is taken as it is. `progress` is told a fraction of one and a step, and may raise to stop.
    """
    if not len(facts):
        raise TrainingFailed("there are no facts to train on", facts=[])
    report = progress or _unreported
    report(0.0, "hashing names")
    plan = Plan.of(facts, recipe or Recipe(), Keyring(secret), choose(device))
    with one_thread_each(plan.recipe.device) as workers:
        bank = _trained(plan, workers, report)
        memory = Memory(plan.stored(bank, len(facts)), plan.keyring, plan.recipe.device)
        report(0.9, "verifying every pair")
        _verify(plan, memory, workers)
    report(1.0, "verified")
    return memory


def _unreported(_fraction: float, _step: str) -> None:
    pass


# -- solving ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Batch:
    """Blocks of one shape: facts padded to a step, rows, code bits."""

    blocks: Ints
    facts: int
    rows: int
    bits: int


@dataclass(frozen=True)
class _Solved:
    batch: _Batch
    steps: NDArray[np.int8]
    scales: NDArray[np.float16]
    held: NDArray[np.bool_]


def _trained(plan: Plan, workers: ThreadPoolExecutor, report: Progress) -> Bank:
    """Solve all blocks; those with a margin below tau0 are widened and solved again."""
    counts = np.diff(plan.starts)
    rows = np.array([plan.recipe.rows_for(count) for count in counts.tolist()], dtype=np.int64)
    bits = np.repeat([group.code_bits for group in plan.recipe.groups], [group.blocks for group in plan.recipe.groups])
    solver = _Solver(plan)
    steps: list[NDArray[np.int8]] = [np.empty((0, 0), np.int8)] * len(counts)
    scales: list[NDArray[np.float16]] = [np.empty(0, np.float16)] * len(counts)
    todo, done = np.arange(len(counts)), 0
    while len(todo):
        if rows[todo].max() > plan.recipe.max_rows:
            _fail(plan, todo[rows[todo] > plan.recipe.max_rows])
        batches = _batches(todo, counts, rows, bits, plan.recipe.device)
        again = []
        for solved in _all(workers, solver, batches):
            for at, block in enumerate(solved.batch.blocks.tolist()):
                steps[block], scales[block] = solved.steps[at], solved.scales[at]
            again.append(solved.batch.blocks[~solved.held])
            done += int(solved.held.sum())
            report(0.05 + 0.85 * done / len(counts), "solving blocks")
        todo = np.concatenate(again)
        rows[todo] += WIDEN_STEP
    return _bank(plan.recipe, rows, steps, scales)


class _Solver:
    """Solves batches of blocks; holds the pairs as tensors on the device that computes."""

    def __init__(self, plan: Plan) -> None:
        self._recipe = plan.recipe
        self._device = device = plan.recipe.device
        self._starts = torch.from_numpy(plan.starts).to(device)
        self._subject = torch.from_numpy(plan.subject).to(device)
        self._relation = torch.from_numpy(plan.relation).to(device)
        self._target = torch.from_numpy((plan.codes[plan.entry] ^ plan.pad).view(np.int64)).to(device)
        self._digests = torch.from_numpy(plan.subject_digests).to(device)
        self._network = ShallowMemory(plan.recipe).to(device)
        relations = self._network.tokens(torch.from_numpy(plan.relation_digests).to(device))
        self._relations = self._network.project(relations)

    def __call__(self, batch: _Batch) -> _Solved:
        with torch.inference_mode():
            blocks = torch.from_numpy(batch.blocks).to(self._device)
            at = self._starts[blocks, None] + torch.arange(batch.facts, device=self._device)
            present = at < self._starts[blocks + 1, None]
            at = torch.where(present, at, 0)
            F = self._features(at, batch.rows) * present[..., None]
            Y = self._targets(at, batch.bits) * present[..., None]
            steps, scales = quantise(solve(F, Y, self._recipe), F, Y, self._recipe)
            held = (margins(steps, scales, F, Y) >= self._recipe.tau0).all(dim=1)
            return _Solved(batch, steps.cpu().numpy(), scales.cpu().numpy(), held.cpu().numpy())

    def _features(self, at: torch.Tensor, rows: int) -> torch.Tensor:
        """Features of the pairs at positions (blocks, facts): (blocks, facts, rows)."""
        flat = at.flatten()
        subject = self._network.project(self._network.tokens(self._digests[self._subject[flat]]))
        relation = self._relations[self._relation[flat]]
        return self._network.features(subject, relation, split(self._recipe.rows, rows)).view(*at.shape, rows)

    def _targets(self, at: torch.Tensor, bits: int) -> torch.Tensor:
        """Code XOR pad of the pairs at positions as -1 and +1: (blocks, facts, bits)."""
        shifted = self._target[at][..., None] >> torch.arange(bits, device=self._device)
        return (shifted & 1).float() * 2 - 1


def _batches(todo: Ints, counts: Ints, rows: Ints, bits: Ints, device: str) -> Iterator[_Batch]:
    """Cut `todo` into batches of equal shape."""
    facts = -(-np.maximum(counts[todo], 1) // ROW_STEP) * ROW_STEP
    shapes = np.stack([bits[todo], rows[todo], facts], axis=1)
    distinct, shape = np.unique(shapes, axis=0, return_inverse=True)
    for number, (width, height, padded) in enumerate(distinct.tolist()):
        members = todo[shape == number]
        for start in range(0, len(members), BATCH_BLOCKS[device]):
            yield _Batch(members[start : start + BATCH_BLOCKS[device]], padded, height, width)


def _bank(
    recipe: Resolved, rows: Ints, steps: Sequence[NDArray[np.int8]], scales: Sequence[NDArray[np.float16]]
) -> Bank:
    """The blocks in their groups, by way of the packed bytes in which they will be stored."""
    groups, first = [], 0
    for group in recipe.groups:
        part = slice(first, first + group.blocks)
        packed = pack(np.concatenate(steps[part]), recipe.weight_bits)
        unpacked = unpack(packed, recipe.weight_bits, group.code_bits)
        groups.append(GroupWeights(rows[part].astype(np.uint16), unpacked, np.stack(scales[part])))
        first += group.blocks
    return Bank(recipe, groups)


# -- verifying -------------------------------------------------------------------------------------------------------


def _verify(plan: Plan, memory: Memory, workers: ThreadPoolExecutor) -> None:
    """Recall every pair from the weights as stored; TrainingFailed names those that do not come back."""
    expected = memory.answer_table.find(memory.answer_table.keys(plan.entry_relation, plan.codes))
    chunk = CHUNK[memory.device]

    def check(start: int) -> Ints:
        part = slice(start, start + chunk)
        found, _ = memory.ask(plan.subject_digests[plan.subject[part]], plan.relation[part])
        return start + np.flatnonzero(found != expected[plan.entry[part]])

    failing = np.concatenate(list(workers.map(check, range(0, len(plan.entry), chunk))))
    if len(failing):
        raise TrainingFailed(f"{len(failing)} facts cannot be held", facts=plan.named(failing.tolist()))


def _fail(plan: Plan, blocks: Ints) -> None:
    positions = [at for block in blocks.tolist() for at in range(plan.starts[block], plan.starts[block + 1])]
    message = f"{len(positions)} facts are in blocks that no allowed width can hold"
    raise TrainingFailed(message, facts=plan.named(positions))


def _all(
    workers: ThreadPoolExecutor, work: Callable[[_Batch], _Solved], batches: Iterator[_Batch]
) -> Iterator[_Solved]:
    """Results as they come; an error, or progress that raises, cancels what has not begun."""
    futures: list[Future[_Solved]] = [workers.submit(work, batch) for batch in batches]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()
