"""Architectures at several sizes: how many facts a parameter each holds, which holds most, and how certain that is."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.comparisons import CandidateSweep
from service.laboratory.thresholds import compare_held, mean_held
from service.statistics import Interval, mean, slope

_ALIKE = 0.9  # sizes of at least this share of the largest are compared with it
_NARROW = 1.25  # an interval whose ends lie within this factor of the figure decides


@dataclass(frozen=True, slots=True)
class Architecture:
    """One way to hold facts, at several sizes on one table: sweeps by size, smallest first."""

    name: str
    coding: Coding
    sweeps: Sequence[CandidateSweep[Any]]

    @property
    def points(self) -> list[tuple[int, int]]:
        """Stored parameters with their scales, and facts held, of every size and seed on which some number failed."""
        thresholds = [(each.stored, at) for each in self.sweeps for at in each.known]
        return [(stored, at.held) for stored, at in thresholds if at.above is not None]

    @property
    def slope(self) -> tuple[float, Interval] | None:
        """The slope of the logarithm of facts over that of parameters: 1 where twice the size holds twice as much.

        Its interval is widened by the resolution of the sweeps.
        """
        sizes = [math.log(parameters) for parameters, _ in self.points]
        found = slope(sizes, [math.log(facts) for _, facts in self.points])
        if found is None:
            return None
        steps = [at.step for each in self.sweeps for at in each.known]
        coarse = mean(steps) / (max(sizes) - min(sizes))
        steep, (low, high) = found
        return steep, (low - coarse, high + coarse)

    @property
    def largest(self) -> CandidateSweep[Any] | None:
        """The sweep of the largest size that was measured."""
        return next((each for each in reversed(self.sweeps) if each.known), None)

    @property
    def at_least(self) -> bool:
        """Whether the largest size held all that was tried on some seed, so that its figure is a lower bound."""
        return self.largest is not None and any(at.above is None for at in self.largest.known)

    @property
    def facts_a_parameter(self) -> tuple[float, Interval | None] | None:
        """Facts a parameter, and the interval, at the largest size measured. A scale counts as a parameter."""
        largest = self.largest
        if largest is None:
            return None
        facts, interval = mean_held(largest.known)
        size = largest.stored
        return facts / size, interval and (interval[0] / size, interval[1] / size)


def find_best(coding: Coding, architectures: Sequence[Architecture]) -> Architecture | None:
    """The architecture that holds most facts a parameter, of those that can be compared."""
    found = select_comparable(coding, architectures)
    return max(found, key=lambda each: (each.facts_a_parameter or (0.0, None))[0], default=None)


def select_comparable(coding: Coding, architectures: Sequence[Architecture]) -> list[Architecture]:
    """The architectures whose largest sizes are alike: the biggest such group; of several, that of the largest size."""
    found = [(each, each.largest) for each in architectures if each.coding is coding]
    sizes = [(each, largest.parameters) for each, largest in found if largest]
    largest_sizes = sorted({size for _, size in sizes})
    groups = [[each for each, size in sizes if _ALIKE * most <= size <= most] for most in largest_sizes]
    return max(groups, key=lambda group: (len(group), _size(group[0])), default=[])


def _size(architecture: Architecture) -> int:
    size: int = architecture.largest.parameters if architecture.largest else 0
    return size


def list_as_good(best: Architecture, others: Sequence[Architecture]) -> Iterator[str]:
    """The names of those of the same size that cannot be told apart from the best, seed by seed."""
    for other in others:
        if other is not best and best.largest and other.largest:
            mine, own = best.largest.thresholds, other.largest.thresholds
            seeds = sorted(mine.keys() & own.keys())
            ratio = compare_held([mine[seed] for seed in seeds], [own[seed] for seed in seeds])
            if ratio is None or ratio.low <= 1:
                yield other.name


def is_decisive(best: Architecture) -> bool:
    """Whether the best was measured at several sizes, with a narrow interval at the largest."""
    rate, interval = best.facts_a_parameter or (0.0, None)
    sizes = {parameters for parameters, _ in best.points}
    return interval is not None and len(sizes) > 1 and interval[1] / rate < _NARROW and rate / interval[0] < _NARROW
