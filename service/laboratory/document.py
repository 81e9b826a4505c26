"""The document that an experiment returns, and its parts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from schemas.experiments import Axis, Chart, Decision, Experiment, Point, Row, Series, Statement, Task
from service.laboratory.bench import Bench, Inputs
from service.laboratory.statements import Figure, statement, to_english
from service.memory.resolution import FEWEST_CHECK_BITS, check_bits

Scale = Literal["linear", "log", "category"]


@dataclass(slots=True)
class Findings:
    """What an experiment collects while it runs. decisive: whether its figures decide the question."""

    finding: list[Statement] = field(default_factory=list)
    recommendation: list[Statement] = field(default_factory=list)
    decisive: bool = False
    left_out: list[Statement] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def to_document(self, inputs: Inputs, bench: Bench) -> Experiment:
        """The document. Raises ValueError where a series belongs to no chart, so that it would never be drawn, or where
        there is no finding or recommendation.
        """
        if not self.finding or not self.recommendation:
            raise ValueError("an experiment has a finding and a recommendation")
        charts = {chart.id for chart in self.charts}
        if stray := [series.name for series in self.series if series.chart not in charts]:
            raise ValueError(f"series of no chart: {', '.join(stray)}")
        return Experiment(
            id=inputs.request.kind,
            verdict=Decision.DECISIVE if self.decisive else Decision.NOT_DECISIVE,
            finding=_prose(self.finding),
            recommendation=_prose(self.recommendation),
            left_out=[to_english(each) for each in self.left_out],
            statements=self._statements(),
            charts=self.charts,
            series=self.series,
            rows=self.rows,
            trials=bench.trials,
            cached=bench.cached,
            facts=len(inputs.facts),
            seed=inputs.request.seed,
            seconds=round(bench.elapsed(), 3),
        )

    def _statements(self) -> dict[Literal["finding", "recommendation", "left_out"], list[Statement]]:
        return {"finding": self.finding, "recommendation": self.recommendation, "left_out": self.left_out}


def served_bound(inputs: Inputs) -> list[Statement]:
    """State what is served where the request allows more false answers than the fewest check bits let pass."""
    check, rate = check_bits(inputs.request.false_answers), inputs.request.false_answers
    if rate <= 2.0**-FEWEST_CHECK_BITS:
        return []
    return [statement("fewest_check_bits", rate=rate, check=check, one_in=2**check)]


def chart(name: str, x: tuple[str, Scale], y: tuple[str, Scale]) -> Chart:
    """x, y: the quantity along the axis, and the axis's scale."""
    along, up = (Axis(quantity=quantity, scale=scale) for quantity, scale in (x, y))
    return Chart(id=name, x=along, y=up)


def point(
    x: float, y: float, interval: tuple[float, float] | None = None, *, label: str | None = None, runs: int = 1
) -> Point:
    """interval: 95 %; runs: how many networks are behind the figure."""
    low, high = interval if interval is not None else (None, None)
    return Point(x=float(x), y=float(y), low=low, high=high, label=label, runs=runs)


def measurement(name: str, drawn_in: str, points: Iterable[Point], task: Task | None = None) -> Series:
    return Series(name=name, chart=drawn_in, task=task, kind="measured", source=None, points=list(points))


def estimate(name: str, drawn_in: str, points: Iterable[Point], task: Task | None = None) -> Series:
    """A series computed from measured values, at places that were not measured."""
    return Series(name=name, chart=drawn_in, task=task, kind="estimate", source=None, points=list(points))


def theory(name: str, drawn_in: str, points: Iterable[Point], source: str, task: Task | None = None) -> Series:
    return Series(name=name, chart=drawn_in, task=task, kind="theory", source=source, points=list(points))


def row(name: str, task: Task | None = None, /, **figures: Figure | None) -> Row:
    return Row(name=name, task=task, figures=dict(figures))


def _prose(statements: Iterable[Statement]) -> str:
    return " ".join(map(to_english, statements))
