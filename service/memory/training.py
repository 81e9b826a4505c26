"""Training: facts to a verified memory.

    names -> hashes -> routes to blocks -> codes XOR pads -> features -> solve -> quantise -> margins -> verify

The facts of a block stand in the order of their hashes and every matrix has a shape that its own block decides, so
neither the order of facts nor the number of threads reaches a stored byte.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from service.errors import TrainingFailed
from service.memory.answers import seal
from service.memory.artefact import Counts, Stored
from service.memory.bank import Bank, GroupWeights, pack, routes, unpack
from service.memory.codes import draw_codes
from service.memory.devices import choose
from service.memory.facts import Facts
from service.memory.hashing import Keyring, NameHasher, PairHasher, Words, as_words
from service.memory.memory import CHUNK, Memory, digest_size
from service.memory.model import ShallowMemory, split
from service.memory.names import NameIndex
from service.memory.pairs import Ints, Pairs, pairs_of
from service.memory.quantise import margins, quantise
from service.memory.recipe import ROW_STEP, WIDEN_STEP, Recipe, Resolved, resolve
from service.memory.solver import solve

Progress = Callable[[float, str], None]
BATCH_BLOCKS = {"cpu": 16, "cuda": 512}
NAMED_FAILURES = 1000


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
    plan = _Plan.of(facts, recipe or Recipe(), Keyring(secret), choose(device))
    with _one_thread_each(plan.recipe.device) as workers:
        bank = _trained(plan, workers, report)
        memory = Memory(plan.stored(bank, len(facts)), plan.keyring, plan.recipe.device)
        report(0.9, "verifying every pair")
        _verify(plan, memory, workers)
    report(1.0, "verified")
    return memory


def _unreported(_fraction: float, _step: str) -> None:
    pass


@dataclass(frozen=True)
class _Plan:
    """Facts as hashes, routed and coded; pairs sorted by block and, within one, by hash.

    relation: number in the recipe's order; subject: position in subject_digests; entry: position in codes;
    block: number in the bank, of which starts[b]:starts[b+1] are the pairs.
    """

    recipe: Resolved
    keyring: Keyring
    pairs: Pairs
    relation_names: list[str | None]
    relation_digests: NDArray[np.uint8]
    subject_digests: NDArray[np.uint8]
    codes: Words
    entry_relation: Ints
    subject: Ints
    relation: Ints
    entry: Ints
    pad: Words
    starts: Ints

    @classmethod
    def of(cls, facts: Facts, recipe: Recipe | Resolved, keyring: Keyring, device: str) -> "_Plan":
        pairs = pairs_of(facts)
        size = max(16, recipe.d_model // 8) if recipe.d_model else 16
        taught = NameHasher(keyring, "relation", size).digests(pairs.relations)
        if isinstance(recipe, Recipe):
            recipe = _resolved(recipe, pairs, taught, device)
        order = list(recipe.relation_bits)
        number = {hashed: at for at, hashed in enumerate(order)}
        renumbered = np.array([number[digest.tobytes().hex()] for digest in taught], dtype=np.int64)
        names: list[str | None] = [None] * len(order)
        for at, name in zip(renumbered.tolist(), pairs.relations, strict=True):
            names[at] = name
        digests = np.array([bytearray.fromhex(hashed) for hashed in order], dtype=np.uint8)
        subject_digests = NameHasher(keyring, "subject", size).digests(pairs.subjects)
        bits = np.array(list(recipe.relation_bits.values()), dtype=np.int64)
        entry_relation = renumbered[pairs.entry_relation]
        hashed = [digests[at].tobytes() for at in entry_relation.tolist()]
        codes = draw_codes(keyring, hashed, bits[entry_relation], pairs.entry_answers)
        relation = renumbered[pairs.relation]
        words = as_words(subject_digests)[pairs.subject], as_words(digests)[relation]
        route, pad = PairHasher(keyring).hashes(*words)
        block = _blocks(recipe, bits[relation], route)
        by_block = _by_block(block, route, pad)
        counts = np.bincount(block, minlength=sum(group.blocks for group in recipe.groups))
        return cls(
            recipe, keyring, pairs, names, digests, subject_digests, codes, entry_relation,
            pairs.subject[by_block], relation[by_block], pairs.entry[by_block], pad[by_block],
            np.r_[0, np.cumsum(counts)],
        )  # fmt: skip

    def stored(self, bank: Bank, facts: int) -> Stored:
        pairs = self.pairs
        hasher = NameHasher(self.keyring, "subject", digest_size(self.recipe))
        names = NameIndex.of(self.keyring, hasher, pairs.subjects, self.subject_digests)
        bits = np.array(list(self.recipe.relation_bits.values()), dtype=np.int64)
        answers = seal(self.keyring, self.recipe.answer_pages, self.entry_relation, self.codes, pairs.entry_answers)
        counts = Counts(len(pairs), facts, int(bits[self.relation].sum()))
        return Stored(self.recipe, bank, self.relation_names, answers, names.folds, names.digests, counts)

    def named(self, positions: Sequence[int]) -> list[dict[str, str]]:
        """Pairs by name, for a person; at most a thousand."""
        return [
            {
                "subject": self.pairs.subjects[self.subject[at]],
                "relation": self.relation_names[self.relation[at]] or "",
            }
            for at in positions[:NAMED_FAILURES]
        ]


def _resolved(recipe: Recipe, pairs: Pairs, relation_digests: NDArray[np.uint8], device: str) -> Resolved:
    hashes = [digest.tobytes().hex() for digest in relation_digests]
    held = np.bincount(pairs.relation, minlength=len(hashes)).tolist()
    answers = np.bincount(pairs.entry_relation, minlength=len(hashes)).tolist()
    by_name = dict(zip(hashes, held, strict=True)), dict(zip(hashes, answers, strict=True))
    return resolve(recipe, *by_name, len(pairs.subjects), device)


def _blocks(recipe: Resolved, bits: Ints, route: Words) -> Ints:
    block = np.empty(len(bits), dtype=np.int64)
    first = 0
    for group in recipe.groups:
        members = bits == group.code_bits
        block[members] = first + routes(group, route[members])
        first += group.blocks
    return block


def _by_block(block: Ints, route: Words, pad: Words) -> Ints:
    """The order of pairs by block and then by hash: blocks of a group cut the hashes into ranges."""
    order = np.argsort(route)
    if (route[order][1:] == route[order][:-1]).any():
        order = np.lexsort((pad, route))
    return order[np.argsort(block[order], kind="stable")]


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


def _trained(plan: _Plan, workers: ThreadPoolExecutor, report: Progress) -> Bank:
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

    def __init__(self, plan: _Plan) -> None:
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


def _verify(plan: _Plan, memory: Memory, workers: ThreadPoolExecutor) -> None:
    """Recall every pair from the weights as stored; TrainingFailed names those that do not come back."""
    expected = memory.answer_table.find(memory.answer_table.keys(plan.entry_relation, plan.codes))

    def check(start: int) -> Ints:
        part = slice(start, start + CHUNK)
        found, _ = memory.ask(plan.subject_digests[plan.subject[part]], plan.relation[part])
        return start + np.flatnonzero(found != expected[plan.entry[part]])

    failing = np.concatenate(list(workers.map(check, range(0, len(plan.entry), CHUNK))))
    if len(failing):
        raise TrainingFailed(f"{len(failing)} facts cannot be held", facts=plan.named(failing.tolist()))


def _fail(plan: _Plan, blocks: Ints) -> None:
    positions = [at for block in blocks.tolist() for at in range(plan.starts[block], plan.starts[block + 1])]
    message = f"{len(positions)} facts are in blocks that no allowed width can hold"
    raise TrainingFailed(message, facts=plan.named(positions))


# -- threads ---------------------------------------------------------------------------------------------------------


class _one_thread_each:  # noqa: N801 - reads as what it does
    """A pool whose threads compute alone: blocks are small, so two blocks at once beat two threads in one."""

    def __init__(self, device: str) -> None:
        self._pool = ThreadPoolExecutor(1 if device == "cuda" else os.cpu_count() or 1, initializer=_alone)

    def __enter__(self) -> ThreadPoolExecutor:
        self._before = torch.get_num_threads()
        return self._pool

    def __exit__(self, *raised: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        torch.set_num_threads(self._before)


def _alone() -> None:
    torch.set_num_threads(1)


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
