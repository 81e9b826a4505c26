"""The search for the largest number of facts that networks hold, for many kinds of network at once, within a time.

Every kind of network has a sweep: the numbers of facts that it was tried on, seed by seed. A seed starts on a coarse
grid around what is expected, which is then refined at the threshold; further seeds start around the thresholds of
those before them. Work is begun only when it is likely to end in time.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from service.laboratory.bench import Bench, Result, Trial
from service.laboratory.thresholds import Threshold, choose_sizes, find_threshold, refine_sizes

AT_ONCE = 2  # sweeps between two looks at the clock
START = 400_000  # what a network costs whatever its size, in facts x parameters (measured)

SizesBySeed = Mapping[int, Sequence[int]]
"""Numbers of facts to try, by seed."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How far sizes lie apart. start, restart: the factor between neighbours on the first seed and on later ones;
    count: how many sizes a seed starts on. fine: the factor at which a threshold is known well enough; added: how many
    sizes a refinement adds.
    """

    start: float
    restart: float
    count: int
    fine: float
    added: int


@dataclass
class Sweep(ABC):
    """What was tried of one kind of network on one table: by seed, which numbers of facts were held. most: the largest
    number there is to try; expected: the number that is likely to be held.
    """

    grid: Grid
    most: int
    expected: float
    tried: dict[int, dict[int, bool]] = field(default_factory=dict, init=False)

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Of one of the networks."""

    @abstractmethod
    def trials(self, sizes: SizesBySeed) -> list[Trial]:
        """Trials that together teach every seed's networks these numbers of facts."""

    @abstractmethod
    def take(self, sizes: SizesBySeed, results: Iterable[Result]) -> None:
        """Note what came of the trials of these sizes."""

    @property
    def thresholds(self) -> dict[int, Threshold]:
        return {seed: find_threshold(tried) for seed, tried in self.tried.items()}

    @property
    def known(self) -> list[Threshold]:
        """Thresholds of the seeds that have one: a size that was held, with more successes below it than failures."""
        return [at for at in self.thresholds.values() if at.held]

    def start(self, seeds: Iterable[int]) -> SizesBySeed:
        """Where seeds begin: around the thresholds of earlier seeds, or around what is expected."""
        known = [at.held for at in self.thresholds.values() if at.held]
        middle = sum(known) / len(known) if known else self.expected
        factor = self.grid.restart if known else self.grid.start
        sizes = choose_sizes(middle, self.most, factor, self.grid.count)
        return {seed: sizes for seed in seeds if seed not in self.tried}

    def refine(self) -> SizesBySeed:
        """Sizes at the thresholds that are not yet known well enough, of every seed that was tried."""
        sizes = {
            seed: refine_sizes(tried, self.most, self.grid.fine, self.grid.added) for seed, tried in self.tried.items()
        }
        return {seed: new for seed, new in sizes.items() if new}

    def note(self, seed: int, facts: int, *, held: bool) -> None:
        """A number that was tried several times counts as held when it was held once."""
        tried = self.tried.setdefault(seed, {})
        tried[facts] = tried.get(facts, False) or held


@dataclass(frozen=True, slots=True)
class _Step:
    sweep: Sweep
    sizes: SizesBySeed

    @property
    def work(self) -> int:
        """How much is computed: every network of a batch takes as long as the largest, and something to start with."""
        sizes = [size for of_seed in self.sizes.values() for size in of_seed]
        return len(sizes) * (START + max(sizes) * self.sweep.parameters)


@dataclass
class Search:
    """seconds: how much of the bench's time may be spent. rounds: refinements after each group of seeds. unfinished:
    whether work was left out for lack of time.
    """

    bench: Bench
    seconds: float
    rounds: int = 3
    unfinished: bool = False
    _work: int = 0
    _spent: float = 0.0
    _start: float = 0.0

    def run(self, sweeps: Sequence[Sweep], groups: Sequence[Sequence[int]]) -> None:
        """Try groups of seeds, the first one on all sweeps before the second. Work that does not fit into the time that
        is left is passed over, since something smaller may fit.
        """
        self._start = self.bench.elapsed()
        for steps in self._plan(sweeps, groups):
            for at in range(0, len(steps), AT_ONCE):
                some = steps[at : at + AT_ONCE]
                if self._fits(sum(step.work for step in some)):
                    self._take(some)
                else:
                    self.unfinished = True

    def _plan(self, sweeps: Sequence[Sweep], groups: Sequence[Sequence[int]]) -> Iterator[list[_Step]]:
        """Rounds of work, each planned when the results of the one before are known."""
        for seeds in groups:
            yield _steps(sweeps, partial(Sweep.start, seeds=seeds))
            for _ in range(self.rounds):
                yield _steps(sweeps, Sweep.refine)

    def _take(self, steps: Sequence[_Step]) -> None:
        """The pace is that of work that was done here, not of results that were remembered."""
        cached, start = self.bench.cached, self.bench.elapsed()
        trials = [step.sweep.trials(step.sizes) for step in steps]
        results = iter(self.bench.run_all([trial for of_step in trials for trial in of_step]))
        if self.bench.cached - cached < sum(map(len, trials)):
            self._work += sum(step.work for step in steps)
            self._spent += self.bench.elapsed() - start
        for step, of_step in zip(steps, trials, strict=True):
            step.sweep.take(step.sizes, list(islice(results, len(of_step))))

    def _fits(self, work: int) -> bool:
        """Whether work of this size is likely to end in time, at the pace so far. The first work always is."""
        left = self.seconds - (self.bench.elapsed() - self._start)
        return self._work == 0 or work * self._spent / self._work <= left


def _steps(sweeps: Sequence[Sweep], choose: Callable[[Sweep], SizesBySeed]) -> list[_Step]:
    return [_Step(sweep, sizes) for sweep in sweeps if (sizes := choose(sweep))]
