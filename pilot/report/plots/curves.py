"""Curves and stacked bars as coordinates in per cent of their width and height, which the template draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from pilot.report.quantities import NumberFormat
from schemas.checks import Part


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A text at a place along an axis, in per cent."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of a kind, which is its style. `points` as SVG writes them, with y growing downwards."""

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
    """A horizontal band between two shares."""

    top: float
    height: float


@dataclass(frozen=True, slots=True)
class RateChart:
    """A chart of shares: its labels, curves, measured points, and a band to compare them with."""

    x_labels: list[AxisLabel]
    y_labels: list[AxisLabel]
    curves: list[Curve]
    marks: list[RateMark]
    band: Band | None


@dataclass(frozen=True, slots=True)
class Axes:
    """The axes of a chart of shares: x from 0 to `width`, y from 0 to 1."""

    width: float

    def x(self, value: float) -> float:
        """Return the place of a value, in per cent from the left."""
        return round(100 * value / self.width, 2)

    def y(self, share: float) -> float:
        """Return the place of a share, in per cent from the top."""
        return round(100 * (1 - share), 2)

    def curve(self, kind: str, points: Sequence[tuple[float, float]]) -> Curve:
        """Place a curve."""
        return Curve(kind, " ".join(f"{self.x(x)},{self.y(y)}" for x, y in points))

    def mark(self, x: float, share: float, interval: tuple[float, float]) -> RateMark:
        """Place a measured point with its interval."""
        return RateMark(self.x(x), self.y(share), self.y(interval[0]), self.y(interval[1]))

    def band(self, low: float, high: float) -> Band:
        """Place a band."""
        return Band(self.y(high), round(100 * (high - low), 2))

    def shares(self, figures: NumberFormat) -> list[AxisLabel]:
        """Return the labels of the y axis, at every quarter."""
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
    """A part of a check as a bar of right, wrong and abstained."""

    part: Part
    answered: int
    segments: list[Segment]


def make_bar(part: Part, longest: int) -> Bar:
    """Make the bar of a part; `longest` is the count that fills the whole width."""
    counts = {"right": part.right, "wrong": part.wrong, "abstained": part.abstained}
    return Bar(part, part.right + part.wrong, stack(counts, longest))


def sort_worst_first(parts: Sequence[Part]) -> list[Bar]:
    """Return the bars of the parts, those with the most failures first, then the largest."""
    longest = max(part.asked for part in parts)
    ordered = sorted(parts, key=lambda part: (part.right - part.asked, -part.asked, part.name))
    return [make_bar(part, longest) for part in ordered]


def stack(counts: dict[str, int], longest: int) -> list[Segment]:
    """Lay the counts end to end, each as long as its share of `longest`."""
    ends = list(accumulate(counts.values()))
    return [
        Segment(kind, count, round(100 * (end - count) / longest, 3), round(100 * count / longest, 3))
        for (kind, count), end in zip(counts.items(), ends, strict=True)
    ]
