"""What a memory is expected to cost at a size that was not trained, and in a month."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from schemas.experiments import ExperimentRequest
from service.laboratory.budget.trials import Cost
from service.statistics import Interval, mean, t_quantile

FORECAST = (1, 10, 100)
"""Multiples of the number of facts wanted."""
NIGHTS, HOURS = 30, 730.0
"""In a month: trainings, one a night, and the hours that one core serves."""
Quantity = Literal["bytes", "bytes_total", "parameters", "seconds", "core_seconds"]


class Forecast:
    """Lines through the costs of one profile, of which there is at least one."""

    def __init__(self, costs: Sequence[Cost]) -> None:
        self._costs = costs
        self.largest = max(costs, key=lambda cost: cost.facts)

    def at(self, quantity: Quantity, facts: int) -> tuple[float, Interval | None]:
        """The quantity as measured where this many facts were trained; otherwise on the line, with its interval."""
        for cost in self._costs:
            if cost.facts == facts:
                return float(getattr(cost, quantity)), None
        x = [float(cost.facts) for cost in self._costs]
        return Line.through(x, [float(getattr(cost, quantity)) for cost in self._costs]).at(facts)

    def most(self, quantity: Quantity, facts: int) -> float:
        """The upper end of the quantity's interval."""
        height, interval = self.at(quantity, facts)
        return interval[1] if interval else height

    def expected(self, facts: int, request: ExperimentRequest, device: str) -> dict[str, Any]:
        """Figures of a row. recalls_per_second: what one core answers one by one, at random times, while the mean
        stays within the latency that was asked for (M/M/1); 0 where a single recall takes longer.
        """
        quantities: tuple[Quantity, ...] = ("parameters", "bytes", "bytes_total", "seconds", "core_seconds")
        figures: dict[str, Any] = {quantity: self.at(quantity, facts)[0] for quantity in quantities}
        was_trained = any(cost.facts == facts for cost in self._costs)
        # A GPU is paid by the hour, cores by the hour of each.
        hours, price = (
            (figures["core_seconds"] / 3600, request.core_hour)
            if device == "cpu"
            else (figures["seconds"] / 3600, request.gpu_hour)
        )
        interval = self.at("bytes", facts)[1]
        service_ms = self.largest.single_ms
        return {
            "kind": "measured" if was_trained else "estimate",
            "facts": facts,
            **figures,
            "bytes_low": interval[0] if interval else None,
            "bytes_high": interval[1] if interval else None,
            "training_per_month": NIGHTS * hours * price,
            "serving_per_month": HOURS * request.core_hour,
            "recalls_per_second": max(0.0, 1000 / service_ms - 1000 / request.latency_ms),
        }


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
