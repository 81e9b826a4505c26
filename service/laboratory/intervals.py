"""Intervals over seeds: Student's t on logarithms, because numbers of facts differ by factors.

Few seeds give wide intervals, and that is what they should give: a bootstrap of three values would not. An edge is only
known to within the rungs of its ladder, so an interval is widened by them: networks that fall on the same rung three
times are not thereby known exactly.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from service.laboratory.edges import Edge

# 97.5 % quantiles of Student's t by degrees of freedom, from 1 to 30: beyond them the last one, which is wider.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
Interval = tuple[float, float]


FEWEST_SEEDS = 3
"""With fewer nothing is said of how far figures may be trusted: two that fall on the same rung look certain."""


class Ratio(NamedTuple):
    """How many times as much, with its 95 % interval; high is None where `times` is a bound from below."""

    times: float
    low: float
    high: float | None


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def half_width(values: Sequence[float]) -> float:
    """Half of the 95 % interval of the mean of independent values; infinite for fewer than two."""
    n = len(values)
    if n < 2:
        return math.inf
    centre = mean(values)
    deviation = math.sqrt(sum((value - centre) ** 2 for value in values) / (n - 1))
    return quantile(n - 1) * deviation / math.sqrt(n)


def quantile(freedom: int) -> float:
    """97.5 % of Student's t lies below it; at least one degree of freedom."""
    return _T[min(freedom, len(_T)) - 1]


def held(edges: Sequence[Edge]) -> tuple[float, Interval | None]:
    """Geometric mean of the facts held over seeds with its interval: None where a seed has no edge or seeds are few."""
    found = [math.log(max(edge.held, 1)) for edge in edges]
    centre, half = mean(found), half_width(found)
    if len(edges) < FEWEST_SEEDS or any(edge.held == 0 or edge.above is None for edge in edges):
        return math.exp(centre), None
    return math.exp(centre), (math.exp(centre - half), math.exp(centre + half + mean([e.step for e in edges])))


def ratio(first: Sequence[Edge], second: Sequence[Edge]) -> Ratio | None:
    """How many times as many facts the first holds as the second, seed by seed on the same facts.

    A first ladder that holds to its top, or a second one that holds nothing, gives a bound: it is at least so many
    times. None where nothing can be said: few seeds, or nothing held by the first.
    """
    pairs = list(zip(first, second, strict=True))
    if len(pairs) < FEWEST_SEEDS or any(a.held == 0 or b.above is None for a, b in pairs):
        return None
    differences = [math.log(a.held / (b.held or b.least)) for a, b in pairs]
    centre, half = mean(differences), half_width(differences)
    low = math.exp(centre - half - mean([b.step for _, b in pairs]))
    if any(a.above is None or b.held == 0 for a, b in pairs):
        return Ratio(math.exp(centre), low, None)
    return Ratio(math.exp(centre), low, math.exp(centre + half + mean([a.step for a, _ in pairs])))


def slope(x: Sequence[float], y: Sequence[float]) -> tuple[float, Interval] | None:
    """Slope of the least-squares line through points, with its interval; None for fewer than three points or one x."""
    n = len(x)
    if n < 3 or min(x) == max(x):
        return None
    across, up = mean(x), mean(y)
    spread = sum((value - across) ** 2 for value in x)
    steep = sum((a - across) * (b - up) for a, b in zip(x, y, strict=True)) / spread
    missed = sum((b - up - steep * (a - across)) ** 2 for a, b in zip(x, y, strict=True))
    half = quantile(n - 2) * math.sqrt(missed / (n - 2) / spread)
    return steep, (steep - half, steep + half)
