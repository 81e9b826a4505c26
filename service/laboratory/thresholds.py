"""The largest number of facts that is held in full, estimated from several numbers that were tried.

Whether n facts are held is a coin whose chance falls from 1 to 0 as n grows. The threshold is the place that leaves
fewest of the tried sizes on the wrong side: failures below it, successes above. The size at the threshold was held.

Over several seeds, intervals are Student's on logarithms, because numbers of facts differ by factors. Few seeds give
wide intervals, as they should: a bootstrap of three values would not. A threshold is only known to within the sizes
that were tried, so an interval is widened by their distance: networks that fall on the same size three times are not
thereby known exactly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.statistics import Interval, half_width, mean

FEWEST_SEEDS = 3
"""With fewer, nothing is said of how far figures may be trusted: two that fall on the same size look certain."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """held: the largest number of facts at 100 %, 0 where every size failed. above: the next size, which failed; None
    where the largest size is still held (then `held` is a lower bound). least: the smallest size that was tried.
    """

    held: int
    above: int | None
    least: int

    @property
    def step(self) -> float:
        """The resolution at the threshold: the logarithm of the next size over this one; 0 beyond either end."""
        return math.log(self.above / self.held) if self.above and self.held else 0.0


class Ratio(NamedTuple):
    """How many times as much, with its 95 % interval; high is None where `times` is a lower bound."""

    times: float
    low: float
    high: float | None


def find_threshold(tried: Mapping[int, bool]) -> Threshold:
    """The threshold of sizes and whether each was held; of two that explain the sizes equally well, the lower one."""
    sizes = sorted(tried)
    wrong = fewest = sum(tried.values())  # with the threshold at 0, every size that was held lies above it
    place = 0
    for below, size in enumerate(sizes, start=1):
        wrong += -1 if tried[size] else 1
        if wrong < fewest:
            fewest, place = wrong, below
    above = sizes[place] if place < len(sizes) else None
    return Threshold(sizes[place - 1] if place else 0, above, sizes[0])


def choose_sizes(middle: float, most: int, factor: float, count: int) -> list[int]:
    """Numbers of facts in geometric steps around an expected threshold. None is above `most`, which is itself a size
    where the steps reach it.
    """
    start = middle / factor ** (count // 2)
    sizes = {min(most, max(1, round(start * factor**at))) for at in range(count)}
    return sorted(sizes)


def refine_sizes(tried: Mapping[int, bool], most: int, factor: float, count: int) -> list[int]:
    """The sizes to try next: beyond an end where no threshold was found, otherwise between the threshold and the next
    size until these lie within `factor` of each other. Empty where nothing is left to try.
    """
    at = find_threshold(tried)
    if at.above is None:
        return [] if at.held >= most else _new(tried, _between(at.held, min(most, at.held * 3), count + 1)[1:], most)
    if at.held == 0:
        return _new(tried, _between(max(1, at.least / 4), at.least, count)[:-1], most)
    if at.above <= at.held * factor:
        return []
    return _new(tried, _between(at.held, at.above, count + 1)[1:-1], most)


def mean_held(thresholds: Sequence[Threshold]) -> tuple[float, Interval | None]:
    """The geometric mean of the facts held over seeds, with its interval: None where a seed has no threshold or seeds
    are few.
    """
    logarithms = [math.log(max(at.held, 1)) for at in thresholds]
    centre, half = mean(logarithms), half_width(logarithms)
    if len(thresholds) < FEWEST_SEEDS or any(at.held == 0 or at.above is None for at in thresholds):
        return math.exp(centre), None
    return math.exp(centre), (math.exp(centre - half), math.exp(centre + half + mean([at.step for at in thresholds])))


def compare_held(first: Sequence[Threshold], second: Sequence[Threshold]) -> Ratio | None:
    """How many times as many facts the first holds as the second, seed by seed on the same facts.

    Where the first held every size, or the second none, the ratio is a lower bound. None where nothing can be said:
    few seeds, nothing held by the first, or every size held by the second.
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
