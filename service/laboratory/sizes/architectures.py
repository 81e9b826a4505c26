"""Ways to hold facts, each at several sizes: what they hold a parameter, which of them hold most, and how surely."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from service.laboratory import intervals
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.contests import edges_of
from service.laboratory.sizes.search import Ladder
from service.laboratory.sizes.trainings import stored

_ALIKE = 0.9  # sizes of at least this share of the largest are compared with it
_NARROW = 1.25  # an interval whose ends lie within this factor of the figure decides


@dataclass(frozen=True, slots=True)
class Architecture:
    """One way to hold facts, at several sizes on one table: ladders by size, smallest first."""

    name: str
    coding: Coding
    ladders: Sequence[Ladder[Any]]

    @property
    def points(self) -> list[tuple[int, int]]:
        """Parameters with their scales and facts held, of every size and seed whose ladder did not end too early."""
        edges = [(stored(each.contender), edge) for each in self.ladders for edge in edges_of(each)]
        return [(parameters, edge.held) for parameters, edge in edges if edge.above is not None]

    @property
    def slope(self) -> tuple[float, intervals.Interval] | None:
        """Of the logarithm of facts over the logarithm of parameters: 1 where twice the size holds twice as much.

        Its interval contains how coarse the ladders are at both ends.
        """
        sizes = [math.log(parameters) for parameters, _ in self.points]
        found = intervals.slope(sizes, [math.log(facts) for _, facts in self.points])
        if found is None:
            return None
        steps = [edge.step for each in self.ladders for edge in edges_of(each)]
        coarse = intervals.mean(steps) / (max(sizes) - min(sizes))
        steep, (low, high) = found
        return steep, (low - coarse, high + coarse)

    @property
    def largest(self) -> Ladder[Any] | None:
        """Of the sizes that were measured."""
        return next((each for each in reversed(self.ladders) if edges_of(each)), None)

    @property
    def at_least(self) -> bool:
        """Whether the largest size holds all that was tried on a seed, so that its figure is a lower bound."""
        return self.largest is not None and any(edge.above is None for edge in edges_of(self.largest))

    @property
    def facts_a_parameter(self) -> tuple[float, intervals.Interval | None] | None:
        """At the largest size that was measured, a scale counted as a parameter."""
        largest = self.largest
        if largest is None:
            return None
        facts, interval = intervals.held(edges_of(largest))
        size = stored(largest.contender)
        return facts / size, interval and (interval[0] / size, interval[1] / size)


def best_of(coding: Coding, architectures: Sequence[Architecture]) -> Architecture | None:
    """The one that holds most facts a parameter, of those that can be compared."""
    found = comparable(coding, architectures)
    return max(found, key=lambda each: (each.facts_a_parameter or (0.0, None))[0], default=None)


def comparable(coding: Coding, architectures: Sequence[Architecture]) -> list[Architecture]:
    """Those whose largest size is alike: the group with most of them, of several the one of the largest size."""
    found = [(each, each.largest) for each in architectures if each.coding is coding]
    sizes = [(each, largest.contender.parameters) for each, largest in found if largest]
    largest_sizes = sorted({size for _, size in sizes})
    groups = [[each for each, size in sizes if _ALIKE * most <= size <= most] for most in largest_sizes]
    return max(groups, key=lambda group: (len(group), _size(group[0])), default=[])


def _size(architecture: Architecture) -> int:
    size: int = architecture.largest.contender.parameters if architecture.largest else 0
    return size


def as_good(best: Architecture, others: Sequence[Architecture]) -> Iterator[str]:
    """Those of the same size that are not told apart from the best, seed by seed."""
    for other in others:
        if other is not best and best.largest and other.largest:
            mine, own = best.largest.edges, other.largest.edges
            seeds = sorted(mine.keys() & own.keys())
            ratio = intervals.ratio([mine[seed] for seed in seeds], [own[seed] for seed in seeds])
            if ratio is None or ratio.low <= 1:
                yield other.name


def decides(best: Architecture) -> bool:
    """Whether it was measured at several sizes, with a narrow interval at the largest."""
    rate, interval = best.facts_a_parameter or (0.0, None)
    sizes = {parameters for parameters, _ in best.points}
    return interval is not None and len(sizes) > 1 and interval[1] / rate < _NARROW and rate / interval[0] < _NARROW
