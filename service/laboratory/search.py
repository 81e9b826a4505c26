"""The search for the largest number of facts held, for many contenders at once, within the time there is.

The first seed of each contender climbs a coarse ladder around what is expected of it; other seeds start where it found
the edge. Then ladders are made finer where they are coarse. Work is begun only when it is likely to end in time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from service.laboratory.bench import Bench, Trial
from service.laboratory.edges import Edge, edge, finer, ladder
from service.laboratory.tables import Table
from service.laboratory.trainings import Contender, Network, networks

COARSE, FINE = 1.25, 1.08  # how far a rung may lie from the next at the edge: for a first seed, and in the end
AT_ONCE = 4  # trials between two looks at the clock
ROUNDS = 4
EXPECTED_BITS = 1.7  # code bits a parameter holds: where the first ladder stands


@dataclass
class Ladder:
    """What was tried of one contender on one table: by seed, which numbers of facts were held."""

    contender: Contender
    table: Table
    bits: int
    expected: float
    tried: dict[int, dict[int, bool]] = field(default_factory=dict)
    found: list[tuple[int, Network]] = field(default_factory=list)

    @classmethod
    def of(cls, contender: Contender, table: Table, bits: int, expected_bits: float = EXPECTED_BITS) -> "Ladder":
        return cls(contender, table, bits, expected_bits * contender.parameters / bits)

    @property
    def edges(self) -> dict[int, Edge]:
        return {seed: edge(tried) for seed, tried in self.tried.items()}

    def first(self) -> list[int]:
        """Where a seed begins: around the edges of seeds before it, or around what is expected."""
        known = [at.held for at in self.edges.values() if at.held]
        if known:
            return ladder(sum(known) / len(known), len(self.table), 1.12, 5)
        return ladder(self.expected, len(self.table))

    def finer(self, seed: int, factor: float) -> list[int]:
        return finer(self.tried[seed], len(self.table), factor, 3)

    def note(self, seed: int, found: Sequence[Network]) -> None:
        """A number counts as held when one of the learning rates held it."""
        tried = self.tried.setdefault(seed, {})
        for network in found:
            tried[network.facts] = tried.get(network.facts, False) or network.stored == network.facts
            self.found.append((seed, network))


@dataclass(frozen=True, slots=True)
class _Step:
    ladder: Ladder
    seed: int
    counts: list[int]

    def trial(self) -> Trial:
        on = self.ladder
        return on.contender.trial(on.table, on.bits, self.seed, self.counts)

    @property
    def work(self) -> float:
        """How much is computed: every network of a batch takes as long as the largest."""
        return max(self.counts) * len(self.counts) * self.ladder.contender.parameters


@dataclass
class Search:
    """seconds: how much of the bench's time may be spent. unfinished: whether work was left for lack of time."""

    bench: Bench
    seconds: float
    unfinished: bool = False
    _work: float = 0.0
    _start: float = 0.0

    def climb(self, ladders: Sequence[Ladder], seeds: Sequence[int]) -> None:
        """Try seed after seed, the first one on all ladders before the second; stop where time ends."""
        self._start, self._work = self.bench.elapsed(), 0.0
        for steps in _rounds(ladders, seeds):
            for at in range(0, len(steps), AT_ONCE):
                if not self._go(steps[at : at + AT_ONCE]):
                    return

    def _go(self, steps: Sequence[_Step]) -> bool:
        if not self._fits(sum(step.work for step in steps)):
            self.unfinished = True
            return False
        results = self.bench.all([step.trial() for step in steps])
        for step, result in zip(steps, results, strict=True):
            step.ladder.note(step.seed, networks(result))
            self._work += step.work
        return True

    def _fits(self, work: float) -> bool:
        """Whether work of this size ends in time, at the pace so far. The first work always does."""
        spent = self.bench.elapsed() - self._start
        return self._work == 0 or work * spent / self._work <= self.seconds - spent


def _rounds(ladders: Sequence[Ladder], seeds: Sequence[int]) -> Iterator[list[_Step]]:
    """Rounds of work, each planned when the one before is known."""
    for seed in seeds:
        yield [_Step(each, seed, each.first()) for each in ladders]
        factor = COARSE if seed == seeds[0] else FINE
        for _ in range(ROUNDS):
            yield _finer(ladders, [seed], factor)
        if seed == seeds[min(2, len(seeds) - 1)]:
            for _ in range(ROUNDS):
                yield _finer(ladders, [other for other in seeds if other <= seed], FINE)


def _finer(ladders: Sequence[Ladder], seeds: Sequence[int], factor: float) -> list[_Step]:
    wanted = ((each, seed, each.finer(seed, factor)) for seed in seeds for each in ladders if seed in each.tried)
    return [_Step(each, seed, counts) for each, seed, counts in wanted if counts]
