"""Candidates of equal size on one table: which holds most, by how much, and whether that is more than chance."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from service.laboratory.bench import Result, Trial
from service.laboratory.search import Grid, SizesBySeed, Sweep
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.trainings import Candidate, Network, read_networks
from service.laboratory.thresholds import Ratio, compare_held, mean_held
from service.statistics import mean

GRID = Grid(start=1.25, restart=1.1, count=4, fine=1.06, added=3)

C = TypeVar("C", bound=Candidate)


@dataclass
class CandidateSweep(Sweep, Generic[C]):
    """The sweep of one candidate, and every network of it."""

    candidate: C
    coding: Coding
    networks: list[Network] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, candidate: C, coding: Coding, expected_bits: float) -> "CandidateSweep[C]":
        """expected_bits: code bits that the candidate is expected to hold, in all. Candidates that are compared are
        expected to hold the same, so that they start on the same sizes.
        """
        return cls(GRID, len(coding.table), expected_bits / coding.bits, candidate, coding)

    @property
    def parameters(self) -> int:
        return self.candidate.parameters

    @property
    def stored(self) -> int:
        """Numbers that are stored of one network: its parameters and scales."""
        return self.candidate.parameters + self.candidate.scales

    def trials(self, sizes: SizesBySeed) -> list[Trial]:
        return [self.candidate.trial(self.coding.table, self.coding.bits, sizes)]

    def take(self, sizes: SizesBySeed, results: Iterable[Result]) -> None:  # noqa: ARG002 - networks know their sizes
        """A size counts as held when it was held at one of the learning rates."""
        for network in (network for result in results for network in read_networks(result)):
            self.note(network.seed, network.facts, held=network.stored == network.facts)
            self.networks.append(network)

    def recall_by_load(self) -> dict[int, tuple[float, int]]:
        """The share of facts held as stored, by how many were taught: at the better learning rate of each seed, on
        average over seeds; and how many seeds there are.
        """
        best: dict[tuple[int, int], Network] = {}
        for network in self.networks:
            at = network.facts, network.seed
            if at not in best or network.stored > best[at].stored:
                best[at] = network
        by_load: dict[int, list[float]] = {}
        for (facts, _), network in sorted(best.items()):
            by_load.setdefault(facts, []).append(network.stored / facts)
        return {facts: (mean(shares), len(shares)) for facts, shares in by_load.items()}


class Contender(NamedTuple):
    """A candidate that holds less than the best. ratio: of what the best holds to what it holds; None: not known."""

    name: str
    ratio: Ratio | None

    @property
    def beaten(self) -> bool:
        return self.ratio is not None and self.ratio.low > 1


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best, and the other contenders, nearest first. seeds: how many both ends of every ratio were measured on."""

    best: str
    facts: float
    contenders: list[Contender]
    seeds: int

    @property
    def decided(self) -> bool:
        return bool(self.contenders) and all(contender.beaten for contender in self.contenders)

    @property
    def beaten(self) -> list[str]:
        return [contender.name for contender in self.contenders if contender.beaten]

    @property
    def equal(self) -> list[str]:
        """Those that hold exactly as many, on the mean of the seeds."""
        return [each.name for each in self.contenders if each.ratio and math.isclose(each.ratio.times, 1.0)]

    @property
    def as_good(self) -> list[str]:
        """Those that cannot be told apart from the best."""
        return [contender.name for contender in self.contenders if not contender.beaten]


@dataclass(frozen=True, slots=True)
class Comparison(Generic[C]):
    """Sweeps of candidates with this number of parameters each, on one table."""

    coding: Coding
    parameters: int
    sweeps: Sequence[CandidateSweep[C]]

    def rank(self) -> Ranking | None:
        """None where fewer than two candidates were tried on the same seeds, or none of them held anything."""
        tried = [sweep for sweep in self.sweeps if sweep.tried]
        seeds = sorted(set.intersection(*(set(sweep.tried) for sweep in tried))) if tried else []
        if len(tried) < 2 or not seeds:
            return None
        best, *others = sorted(tried, key=lambda sweep: -_mean_logarithm(sweep, seeds))
        if any(best.thresholds[seed].held == 0 for seed in seeds):
            return None
        facts = mean_held([best.thresholds[seed] for seed in seeds])[0]
        return Ranking(best.candidate.name, facts, [_compare(best, other, seeds) for other in others], len(seeds))

    @property
    def common_load(self) -> int | None:
        """The smallest number of facts that was tried on every candidate and that not all of them held."""
        recalls = [sweep.recall_by_load() for sweep in self.sweeps]
        tried = set.intersection(*map(set, recalls))
        return next((load for load in sorted(tried) if any(recall[load][0] < 1 for recall in recalls)), None)

    @property
    def all_held(self) -> bool:
        """Whether some candidate holds the whole table: then the table is too small to tell how much it holds."""
        facts = len(self.coding.table)
        return any(at.held == facts for sweep in self.sweeps for at in sweep.thresholds.values())


def _mean_logarithm(sweep: CandidateSweep[Any], seeds: Sequence[int]) -> float:
    """Of the facts held; where none were, of half the smallest size that was tried."""
    return mean([math.log(sweep.thresholds[seed].held or sweep.thresholds[seed].least / 2) for seed in seeds])


def _compare(best: CandidateSweep[Any], other: CandidateSweep[Any], seeds: Sequence[int]) -> Contender:
    of_best, of_other = ([sweep.thresholds[seed] for seed in seeds] for sweep in (best, other))
    return Contender(other.candidate.name, compare_held(of_best, of_other))
