"""Curves as places in per cent of a chart's width and height; the template draws them and sets their labels as text;
and counts as pieces of a bar of one length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from pilot.report.quantities import NumberFormat
from schemas.checks import Part


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A word at a place along an axis."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """`points` as SVG has them, y growing downwards."""

    kind: str
    points: str


@dataclass(frozen=True, slots=True)
class RateMark:
    """A measured point with the ends of its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Band:
    """A range of y between two shares, with what it stands for."""

    top: float
    height: float


@dataclass(frozen=True, slots=True)
class RateChart:
    x_labels: list[AxisLabel]
    y_labels: list[AxisLabel]
    curves: list[Curve]
    marks: list[RateMark]
    band: Band | None


@dataclass(frozen=True, slots=True)
class Axes:
    """x runs from 0 to `width`; y is a share from 0 to 1."""

    width: float

    def x(self, value: float) -> float:
        return round(100 * value / self.width, 2)

    def y(self, share: float) -> float:
        return round(100 * (1 - share), 2)

    def curve(self, kind: str, points: Sequence[tuple[float, float]]) -> Curve:
        return Curve(kind, " ".join(f"{self.x(x)},{self.y(y)}" for x, y in points))

    def mark(self, x: float, share: float, interval: tuple[float, float]) -> RateMark:
        return RateMark(self.x(x), self.y(share), self.y(interval[0]), self.y(interval[1]))

    def band(self, low: float, high: float) -> Band:
        return Band(self.y(high), round(100 * (high - low), 2))

    def shares(self, figures: NumberFormat) -> list[AxisLabel]:
        return [AxisLabel(self.y(quarter / 4), figures.of_all(quarter / 4)) for quarter in range(5)]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a stacked bar, in per cent of the longest bar's length."""

    kind: str
    count: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    part: Part
    answered: int
    segments: list[Segment]


def make_bar(part: Part, longest: int) -> Bar:
    counts = {"right": part.right, "wrong": part.wrong, "abstained": part.abstained}
    return Bar(part, part.right + part.wrong, stack(counts, longest))


def sort_worst_first(parts: Sequence[Part]) -> list[Bar]:
    """Those with most not right, then the largest."""
    longest = max(part.asked for part in parts)
    ordered = sorted(parts, key=lambda part: (part.right - part.asked, -part.asked, part.name))
    return [make_bar(part, longest) for part in ordered]


def stack(counts: dict[str, int], longest: int) -> list[Segment]:
    """The counts one after the other, each as long as its share of `longest`."""
    ends = list(accumulate(counts.values()))
    return [
        Segment(kind, count, round(100 * (end - count) / longest, 3), round(100 * count / longest, 3))
        for (kind, count), end in zip(counts.items(), ends, strict=True)
    ]
