"""The largest number of facts that is held in full, from a ladder of numbers that were tried.

Whether n facts are held is a coin whose chance falls from 1 to 0 as n grows. The edge of a ladder is the place that
leaves fewest rungs on the wrong side: failures below it, successes above. The number at the edge was itself held.

Over several seeds, intervals are Student's on logarithms, because numbers of facts differ by factors. Few seeds give
wide intervals, and that is what they should give: a bootstrap of three values would not. An edge is only known to
within the rungs of its ladder, so an interval is widened by them: networks that fall on the same rung three times are
not thereby known exactly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.statistics import Interval, half_width, mean

FEWEST_SEEDS = 3
"""With fewer nothing is said of how far figures may be trusted: two that fall on the same rung look certain."""


@dataclass(frozen=True, slots=True)
class Edge:
    """held: the largest number of facts at 100 %, 0 where every rung failed. above: the next rung, which failed; None
    where the highest rung still holds (then `held` is a lower bound). least: the lowest rung that was tried.
    """

    held: int
    above: int | None
    least: int

    @property
    def step(self) -> float:
        """How coarse the ladder is at the edge: the logarithm of the next rung over this one; 0 beyond its ends."""
        return math.log(self.above / self.held) if self.above and self.held else 0.0


class Ratio(NamedTuple):
    """How many times as much, with its 95 % interval; high is None where `times` is a bound from below."""

    times: float
    low: float
    high: float | None


def edge(tried: Mapping[int, bool]) -> Edge:
    """The edge of rungs and whether each was held; of two edges that explain as much, the lower one."""
    rungs = sorted(tried)
    wrong = fewest = sum(tried.values())  # everything that was held would stand above the edge
    place = 0
    for below, rung in enumerate(rungs, start=1):
        wrong += -1 if tried[rung] else 1
        if wrong < fewest:
            fewest, place = wrong, below
    above = rungs[place] if place < len(rungs) else None
    return Edge(rungs[place - 1] if place else 0, above, rungs[0])


def ladder(middle: float, most: int, factor: float, rungs: int) -> list[int]:
    """Numbers of facts in geometric steps around an expected edge, none above `most`, which is a rung of its own where
    the ladder reaches it.
    """
    start = middle / factor ** (rungs // 2)
    steps = {min(most, max(1, round(start * factor**at))) for at in range(rungs)}
    return sorted(steps)


def finer(tried: Mapping[int, bool], most: int, factor: float, rungs: int) -> list[int]:
    """Where to try next: beyond an end of the ladder where it has no edge, else between the edge and the next rung
    until they are within `factor`. Empty where there is nothing left to try.
    """
    at = edge(tried)
    if at.above is None:
        return [] if at.held >= most else _new(tried, _between(at.held, min(most, at.held * 3), rungs + 1)[1:], most)
    if at.held == 0:
        return _new(tried, _between(max(1, at.least / 4), at.least, rungs)[:-1], most)
    if at.above <= at.held * factor:
        return []
    return _new(tried, _between(at.held, at.above, rungs + 1)[1:-1], most)


def mean_held(edges: Sequence[Edge]) -> tuple[float, Interval | None]:
    """Geometric mean of the facts held over seeds with its interval: None where a seed has no edge or seeds are few."""
    found = [math.log(max(edge.held, 1)) for edge in edges]
    centre, half = mean(found), half_width(found)
    if len(edges) < FEWEST_SEEDS or any(edge.held == 0 or edge.above is None for edge in edges):
        return math.exp(centre), None
    return math.exp(centre), (math.exp(centre - half), math.exp(centre + half + mean([e.step for e in edges])))


def compare_held(first: Sequence[Edge], second: Sequence[Edge]) -> Ratio | None:
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


def _between(low: float, high: float, steps: int) -> list[int]:
    """Numbers from low to high in geometric steps: steps + 1 of them."""
    return [round(low * (high / low) ** (at / steps)) for at in range(steps + 1)]


def _new(tried: Mapping[int, bool], numbers: list[int], most: int) -> list[int]:
    return sorted({number for number in numbers if 1 <= number <= most} - tried.keys())
