"""The search for the largest number of facts held, for many contenders at once, within the time there is.

Several seeds of a contender climb a coarse ladder in one batch, around what is expected of it; ladders are then made
finer at their edges, and more seeds follow. Work is begun only when it is likely to end in time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from service.laboratory.bench import Bench, Trial
from service.laboratory.edges import Edge, edge, finer, ladder
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.trainings import Asking, Contender, Network, networks
from service.laboratory.tables import Table

FINE = 1.06  # how far a rung may lie from the next at the edge
AT_ONCE = 2  # trials between two looks at the clock
ROUNDS = 3
START = 400_000  # what a network costs whatever its size, in facts x parameters (measured)

C = TypeVar("C", bound=Contender)


@dataclass
class Ladder(Generic[C]):
    """What was tried of one contender on one table: by seed, which numbers of facts were held."""

    contender: C
    table: Table
    bits: int
    expected: float
    tried: dict[int, dict[int, bool]] = field(default_factory=dict)
    found: list[Network] = field(default_factory=list)

    @classmethod
    def of(cls, contender: C, coding: Coding, expected_bits: float) -> "Ladder[C]":
        """expected_bits: code bits that the contender is expected to hold, in all. Contenders that are compared are
        expected to hold the same, so that they begin on the same rungs.
        """
        return cls(contender, coding.table, coding.bits, expected_bits / coding.bits)

    @property
    def edges(self) -> dict[int, Edge]:
        return {seed: edge(tried) for seed, tried in self.tried.items()}

    def first(self, seeds: Iterable[int]) -> Asking:
        """Where seeds begin: around the edges of seeds before them, or around what is expected."""
        known = [at.held for at in self.edges.values() if at.held]
        expected = sum(known) / len(known) if known else self.expected
        counts = ladder(expected, len(self.table), 1.1 if known else 1.25, 4)
        return {seed: counts for seed in seeds if seed not in self.tried}

    def finer(self) -> Asking:
        asked = {seed: finer(tried, len(self.table), FINE, 3) for seed, tried in self.tried.items()}
        return {seed: counts for seed, counts in asked.items() if counts}

    def note(self, found: Iterable[Network]) -> None:
        """A number counts as held when one of the learning rates held it."""
        for network in found:
            tried = self.tried.setdefault(network.seed, {})
            tried[network.facts] = tried.get(network.facts, False) or network.stored == network.facts
            self.found.append(network)


@dataclass(frozen=True, slots=True)
class _Step:
    ladder: Ladder[Any]
    asked: Asking

    def trial(self) -> Trial:
        on = self.ladder
        trial: Trial = on.contender.trial(on.table, on.bits, self.asked)
        return trial

    @property
    def work(self) -> int:
        """How much is computed: every network of a batch takes as long as the largest, and something to start with."""
        counts = [count for counts in self.asked.values() for count in counts]
        work: int = len(counts) * (START + max(counts) * self.ladder.contender.parameters)
        return work


@dataclass
class Search:
    """seconds: how much of the bench's time may be spent. unfinished: whether work was left for lack of time."""

    bench: Bench
    seconds: float
    unfinished: bool = False
    _work: int = 0
    _spent: float = 0.0
    _start: float = 0.0

    def climb(self, ladders: Sequence[Ladder[Any]], groups: Sequence[Sequence[int]]) -> None:
        """Try groups of seeds, the first one on all ladders before the second. What does not fit into the time that is
        left is passed over: something smaller may.
        """
        self._start = self.bench.elapsed()
        for steps in _rounds(ladders, groups):
            for at in range(0, len(steps), AT_ONCE):
                some = steps[at : at + AT_ONCE]
                if self._fits(sum(step.work for step in some)):
                    self._go(some)
                else:
                    self.unfinished = True

    def _go(self, steps: Sequence[_Step]) -> None:
        """The pace is that of work that was done, not of what was known from before."""
        known, start = self.bench.cached, self.bench.elapsed()
        results = self.bench.all([step.trial() for step in steps])
        if self.bench.cached - known < len(steps):
            self._work += sum(step.work for step in steps)
            self._spent += self.bench.elapsed() - start
        for step, result in zip(steps, results, strict=True):
            step.ladder.note(networks(result))

    def _fits(self, work: int) -> bool:
        """Whether work of this size ends in time, at the pace so far. The first work always does."""
        left = self.seconds - (self.bench.elapsed() - self._start)
        return self._work == 0 or work * self._spent / self._work <= left


def _rounds(ladders: Sequence[Ladder[Any]], groups: Sequence[Sequence[int]]) -> Iterator[list[_Step]]:
    """Rounds of work, each planned when the one before is known."""
    for seeds in groups:
        yield _steps(ladders, partial(Ladder.first, seeds=seeds))
        for _ in range(ROUNDS):
            yield _steps(ladders, Ladder.finer)


def _steps(ladders: Sequence[Ladder[Any]], asking: Callable[[Ladder[Any]], Asking]) -> list[_Step]:
    return [_Step(each, asked) for each in ladders if (asked := asking(each))]
