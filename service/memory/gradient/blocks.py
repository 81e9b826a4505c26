"""Training blocks: those of one shape side by side, each from its own facts alone.

    facts -> problem -> train -> weights as stored -> margins; a block with a margin below tau0 is widened, and trained
    from the beginning

Which blocks stand side by side depends on facts and recipe alone, problems are padded to a step, and a batch computes
in one thread: neither the order of facts, nor the number of threads, nor a training that was stopped and taken up again
reaches a stored byte.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from service.facts import Ints
from service.memory.bank import Block
from service.memory.codes import signs as code_signs
from service.memory.devices import results
from service.memory.gradient import Problem, Run, Schedule, Shape, train
from service.memory.gradient.evaluation import evaluated, outputs
from service.memory.gradient.kept import Kept, Made
from service.memory.gradient.network import Networks
from service.memory.gradient.sizes import first_width, shapes_of, wider
from service.memory.gradient.stacked import StackedProblems
from service.memory.gradient.storing import block_of, weights_of
from service.memory.gradient.tokens import end_token, signs
from service.memory.recipe import Descent, Resolved
from service.memory.roster import Progress, Roster, Unheld, Work

N = TypeVar("N", bound=np.generic)

BATCH_BLOCKS = {"cpu": 16, "cuda": 256}
FACTS_STEP = 16
SPARE_MARGIN = 1.01
"""Times tau0 that training asks for: weights under way differ from stored ones in a last bit."""


def taught(recipe: Resolved, roster: Roster, work: Work) -> list[Block]:
    """Every block of the roster; `work` is told how far it is. Raises Unheld."""
    trainer = _Trainer(recipe, roster, work)
    allowed = {bits: shapes_of(recipe, bits) for bits in np.unique(roster.bits).tolist()}
    counts, bits = np.diff(roster.starts).tolist(), roster.bits.tolist()
    widths = np.array([first_width(allowed[b], n, recipe.load) for b, n in zip(bits, counts, strict=True)])
    _refuse_too_full(counts, bits, allowed, recipe)
    blocks: dict[int, Block] = {}
    todo = np.arange(len(counts))
    while len(todo):
        beyond = np.array([widths[at] >= len(allowed[bits[at]]) for at in todo.tolist()])
        if beyond.any():
            raise Unheld(todo[beyond])
        again = []
        for batch, made in results(work.workers, trainer, _batches(todo, widths, roster, allowed, recipe.device)):
            blocks.update(zip(batch.blocks.tolist(), made.blocks, strict=True))
            again.append(batch.blocks[~made.held])
        todo = np.sort(np.concatenate(again))
        widths[todo] = [wider(width) for width in widths[todo].tolist()]
    return [blocks[number] for number in range(len(counts))]


def _refuse_too_full(counts: list[int], bits: list[int], allowed: dict[int, list[Shape]], recipe: Resolved) -> None:
    """Codes look random, so no block reads out more bits of them than its weights have."""
    most = {length: shapes[-1].parameters * recipe.weight_bits for length, shapes in allowed.items()}
    too_full = [at for at, (n, length) in enumerate(zip(counts, bits, strict=True)) if n * length > most[length]]
    if too_full:
        raise Unheld(np.array(too_full))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Blocks of one shape, whose problems are padded to so many facts."""

    blocks: Ints
    shape: Shape
    facts: int


def _batches(todo: Ints, widths: Ints, roster: Roster, allowed: dict[int, list[Shape]], device: str) -> list[_Batch]:
    counts = np.maximum(np.diff(roster.starts)[todo], 1)
    padded = -(-counts // FACTS_STEP) * FACTS_STEP
    kinds, kind = np.unique(np.stack([roster.bits[todo], widths[todo], padded], axis=1), axis=0, return_inverse=True)
    return [
        _Batch(some, allowed[bits][width], facts)
        for number, (bits, width, facts) in enumerate(kinds.tolist())
        for some in _parts(todo[kind == number], BATCH_BLOCKS[device])
    ]


def _parts(members: Ints, size: int) -> Iterator[Ints]:
    for start in range(0, len(members), size):
        yield members[start : start + size]


class _Trainer:
    """Trains a batch; called by several threads at once."""

    def __init__(self, recipe: Resolved, roster: Roster, work: Work) -> None:
        self._recipe, self._roster, self._work = recipe, roster, work
        self._told = _Told(work.report, len(roster.bits))
        self._end = end_token(recipe)

    def __call__(self, batch: _Batch) -> tuple[_Batch, Made]:
        problems = [self._problem(block, batch.facts) for block in batch.blocks.tolist()]
        columns = [part for one in problems for part in (one.tokens, one.targets, one.frequency) if part is not None]
        said = {"recipe": self._recipe.to_json(), "shape": asdict(batch.shape)}
        kept = Kept.of(self._work.checkpoint, self._work.keyring, said, columns)
        made = kept.load()
        if made is None:
            made = self._trained(batch.shape, problems, kept)
            kept.save(made)
        self._told.ended(kept.name, int(made.held.sum()))
        return batch, made

    def _trained(self, shape: Shape, problems: list[Problem], kept: Kept) -> Made:
        recipe, descent = self._recipe, _descent(self._recipe)
        runs = [Run(problem, recipe.seed, descent.rate) for problem in problems]
        schedule = Schedule(
            steps=descent.steps,
            optimiser=descent.optimiser,
            weight_bits=recipe.weight_bits,
            margin=recipe.tau0 * SPARE_MARGIN,
        )
        progress = self._told.of(kept.name, len(runs))
        outcomes = train(shape, runs, schedule, device=recipe.device, progress=progress, checkpoint=kept.under_way)
        blocks = [block_of(shape, outcome.weights) for outcome in outcomes]
        return Made(blocks, held(shape, problems, blocks, recipe))

    def _problem(self, block: int, facts: int) -> Problem:
        """Facts of a block as numbers: every fact has two tokens of its own; those that pad it have no weight."""
        roster, d = self._roster, self._recipe.d_model
        part = slice(int(roster.starts[block]), int(roster.starts[block + 1]))
        n = part.stop - part.start
        subjects = signs(roster.subject_digests[roster.subject[part]], d)
        relations = signs(roster.relation_digests[roster.relation[part]], d)
        targets = code_signs(roster.target[part], int(roster.bits[block])).astype(np.int8)
        return Problem(
            subjects=np.arange(facts),
            relations=np.arange(facts),
            targets=_padded(targets, facts),
            n_subjects=facts,
            n_relations=facts,
            tokens=np.concatenate([_padded(subjects, facts), _padded(relations, facts), self._end[None]]),
            frequency=_padded(np.full(n, 1 / max(n, 1)), facts),
        )


def held(shape: Shape, problems: list[Problem], blocks: list[Block], recipe: Resolved) -> NDArray[np.bool_]:
    """Which blocks, as stored, recall every one of their facts with tau0."""
    stacked = StackedProblems(shape, problems, recipe.device)
    stored = {name: weight.to(recipe.device) for name, weight in weights_of(shape, blocks).items()}
    networks = Networks(shape, stored | stacked.vectors(shape)).requires_grad_(requires_grad=False)
    found = evaluated(networks, stacked, outputs(networks, stacked))
    right = (found.right == stacked.present).all(dim=1) & (found.least >= recipe.tau0)
    return right.cpu().numpy()


def _descent(recipe: Resolved) -> Descent:
    if recipe.descent is None:
        raise ValueError("the recipe does not say how blocks are trained")
    return recipe.descent


def _padded(values: NDArray[N], length: int) -> NDArray[N]:
    padding = np.zeros((length - len(values), *values.shape[1:]), dtype=values.dtype)
    return np.concatenate([values, padding])


class _Told:
    """Progress of several batches at once as one fraction, which never falls."""

    def __init__(self, report: Progress, blocks: int) -> None:
        self._report, self._blocks = report, blocks
        self._parts: dict[str, float] = {}
        self._most = 0.0
        self._lock = Lock()

    def of(self, name: str, blocks: int) -> Progress:
        """What a batch of so many blocks tells."""
        return lambda fraction, _step: self._tell(name, fraction * blocks)

    def ended(self, name: str, held: int) -> None:
        self._tell(name, held)

    def _tell(self, name: str, blocks: float) -> None:
        with self._lock:
            self._parts[name] = blocks
            self._most = max(self._most, min(1.0, sum(self._parts.values()) / self._blocks))
            fraction = self._most
        self._report(fraction, "training blocks end to end")
