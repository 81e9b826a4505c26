"""A straight line through measured points, and what it says of sizes that were not measured."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.statistics import Interval, mean, t_quantile


@dataclass(frozen=True, slots=True)
class Line:
    """y = level + slope x by least squares, every point weighed by 1 / x^2: what is measured errs in proportion to its
    size. deviation: of a point, in proportion; None for fewer than three points.
    """

    level: float
    slope: float
    x: tuple[float, ...]
    deviation: float | None

    @classmethod
    def through(cls, x: Sequence[float], y: Sequence[float]) -> "Line":
        """One point, or points at one place: a line through the origin. x above 0."""
        u, v = [1 / each for each in x], [up / along for along, up in zip(x, y, strict=True)]
        spread = sum((each - mean(u)) ** 2 for each in u)
        level = sum((a - mean(u)) * (b - mean(v)) for a, b in zip(u, v, strict=True)) / spread if spread else 0.0
        slope = mean(v) - level * mean(u)
        missed = [b - slope - level * a for a, b in zip(u, v, strict=True)]
        few = len(x) < 3 or not spread  # of two points a line leaves nothing over
        deviation = None if few else math.sqrt(sum(each**2 for each in missed) / (len(x) - 2))
        return cls(level, slope, tuple(x), deviation)

    def at(self, x: float) -> tuple[float, Interval | None]:
        """The height at x, never below 0, with the 95 % interval in which a further measurement would lie."""
        height = max(0.0, self.level + self.slope * x)
        if self.deviation is None:
            return height, None
        u = [1 / each for each in self.x]
        spread = sum((each - mean(u)) ** 2 for each in u)
        error = self.deviation * math.sqrt(1 + 1 / len(u) + (1 / x - mean(u)) ** 2 / spread)
        half = t_quantile(len(u) - 2) * error * x
        return height, (max(0.0, height - half), height + half)
