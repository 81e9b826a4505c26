"""What a memory is expected to cost at a size that was not trained, and in a month."""

from collections.abc import Sequence
from typing import Any, Literal

from schemas.experiments import ExperimentRequest
from service.laboratory.budget.regression import Line
from service.laboratory.budget.trials import Cost
from service.statistics import Interval

FORECAST = (1, 10, 100)
"""How many times the facts that are wanted."""
NIGHTS, HOURS = 30, 730.0
"""In a month: trainings, one a night, and hours that one core serves."""
Quantity = Literal["bytes", "bytes_total", "parameters", "seconds", "core_seconds"]


class Forecast:
    """Lines through the costs of one profile, at least one; the largest memory is the last."""

    def __init__(self, costs: Sequence[Cost]) -> None:
        self._costs = costs
        self.largest = max(costs, key=lambda cost: cost.facts)

    def at(self, quantity: Quantity, facts: int) -> tuple[float, Interval | None]:
        """As measured where this many facts were trained, else as the line says, with its interval."""
        for cost in self._costs:
            if cost.facts == facts:
                return float(getattr(cost, quantity)), None
        x = [float(cost.facts) for cost in self._costs]
        return Line.through(x, [float(getattr(cost, quantity)) for cost in self._costs]).at(facts)

    def most(self, quantity: Quantity, facts: int) -> float:
        """The upper end."""
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
