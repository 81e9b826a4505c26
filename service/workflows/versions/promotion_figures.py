"""Measuring a memory before an alias moves to it, and judging the figures by the promotion gate.

Probes are questions that were never taught, drawn for one memory: one that answers invents. Half of them are empty
cells, a taught subject with a relation that the table does not hold for it; the others, and all of them where the table
has no empty cell, ask for subjects that no fact has. Subjects reach the memory as keyed hashes, so one made-up name is
as good as another.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from typing import Any

from schemas.gates import GateFigure, GateLimits, GateVerdict
from service.facts import Pair, fold_all
from service.memory import Facts, Memory, Verified
from service.statistics import binomial
from service.storage.gates import Marks

CHUNK = 50_000  # probes asked at once


@dataclass(frozen=True, slots=True)
class Candidate:
    """A memory that an alias is to move to. What takes long to read is read when it is needed; `verified` is known of a
    memory that was verified just now.
    """

    dictionary: int
    memory: str
    taught: Callable[[], Facts]
    load: Callable[[], Memory]
    verified: Verified | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts: every pair of the memory's ledger version, those marked as priority, never-taught pairs that got an
    answer.
    """

    pairs: int
    right: int
    priority: int
    priority_right: int
    probes: int
    answered: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def covers(self, limits: GateLimits) -> bool:
        """Whether enough pairs and probes were asked to judge by these limits."""
        return self.probes >= probes_wanted(limits)


def measure(candidate: Candidate, limits: GateLimits, marks: Marks) -> Measured:
    """Recall every pair, unless that was just done, and as many never-taught pairs as the limits require."""
    taught, memory = candidate.taught(), candidate.load()
    verified = candidate.verified or memory.verify(taught)
    marked = _find_marked(taught, marks)
    probes = probes_wanted(limits)
    return Measured(
        pairs=verified.asked,
        right=verified.right,
        priority=len(marked),
        priority_right=len(marked.difference(verified.failing)),
        probes=probes,
        answered=_count_answered(memory, never_taught(taught, probes, candidate.memory)) if probes else 0,
    )


def judge(measured: Measured, limits: GateLimits) -> list[GateFigure]:
    """Recall is exhaustive and compared as it is. Probes are a sample: a limit that it neither keeps nor breaks with
    95 % confidence is not decisive.
    """
    figures = [_at_least("recall", measured.right, measured.pairs, limits.minimum_recall)]
    if measured.priority:
        figures.append(_at_least("priority", measured.priority_right, measured.priority, limits.minimum_priority))
    if limits.maximum_false_answers is not None:
        figures.append(_at_most("false_answers", measured.answered, measured.probes, limits.maximum_false_answers))
    return figures


def probes_wanted(limits: GateLimits) -> int:
    return 0 if limits.maximum_false_answers is None else limits.minimum_sample


def _find_marked(taught: Facts, marks: Marks) -> set[Pair]:
    """The taught pairs that are marked as priority; marks of other pairs are ignored."""
    pairs, relations = marks
    if not pairs and not relations:
        return set()
    rows = zip(taught.subjects, taught.relations, strict=True)
    return {pair for pair in rows if pair[1] in relations or pair in pairs}


def _count_answered(memory: Memory, probes: Iterator[Pair]) -> int:
    answered = 0
    while some := list(islice(probes, CHUNK)):
        subjects, relations = zip(*some, strict=True)
        answered += int(memory.recall(subjects, relations).known.sum())
    return answered


def _at_least(name: str, count: int, asked: int, limit: float) -> GateFigure:
    verdict = GateVerdict.PASS if count >= limit * asked else GateVerdict.FAIL
    return GateFigure(name=name, count=count, asked=asked, interval=None, limit=limit, verdict=verdict)


def _at_most(name: str, count: int, asked: int, limit: float) -> GateFigure:
    low, high = interval = binomial(count / asked, asked)
    decided = GateVerdict.FAIL if low > limit else GateVerdict.PASS
    verdict = decided if low > limit or high <= limit else GateVerdict.NOT_DECISIVE
    return GateFigure(name=name, count=count, asked=asked, interval=interval, limit=limit, verdict=verdict)


TRIES = 20  # draws for each empty cell that is wanted: a table fuller than this has too few of them


def never_taught(taught: Facts, wanted: int, seed: str) -> Iterator[Pair]:
    """Distinct pairs, `wanted` of them, the same for the same facts and seed.

    A subject that another taught one is spelled like is no subject of a probe: the memory may take it for that one.
    """
    draw = random.Random(seed)  # noqa: S311 - a reproducible sample, not a secret
    subjects, relations = sorted(set(taught.subjects)), sorted(set(taught.relations))
    held = set(zip(taught.subjects, taught.relations, strict=True))
    spellings = fold_all(subjects)
    counted: dict[str, int] = {}
    for spelling in spellings:
        counted[spelling] = counted.get(spelling, 0) + 1
    plain = [name for name, spelling in zip(subjects, spellings, strict=True) if counted[spelling] == 1]
    cells = islice(_empty_cells(plain, relations, held, draw, wanted // 2 * TRIES), wanted // 2)
    return islice(chain(cells, _unseen(counted, relations, draw)), wanted)


def _empty_cells(
    subjects: list[str], relations: list[str], held: set[Pair], draw: random.Random, tries: int
) -> Iterator[Pair]:
    drawn: set[Pair] = set()
    for _ in range(tries if subjects else 0):
        pair = draw.choice(subjects), draw.choice(relations)
        if pair not in held and pair not in drawn:
            drawn.add(pair)
            yield pair


def _unseen(spellings: dict[str, int], relations: list[str], draw: random.Random) -> Iterator[Pair]:
    while True:
        name = f"{draw.getrandbits(128):032x}"
        if name not in spellings:
            yield name, draw.choice(relations)
