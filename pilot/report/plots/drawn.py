"""Series as they are drawn: marks, intervals and lines, in places of the chart's frame."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pilot.report.plots.frame import Frame, Whisker, finite
from pilot.report.plots.styles import Style, ours
from pilot.report.wording import Wording
from schemas.experiments import Point, Series

_MOST = 24
"""A series of more points is a line with few marks."""
_FEW = 7
_SHARED = 0.62
"""Of a row: what several series share, so that their marks do not lie on each other."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the document, its place, its interval, and what it says when pointed at."""

    x: float
    y: float
    whisker: Whisker | None
    point: Point
    title: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """`line`: its places, or none; `note`: what is said of the series besides its name."""

    name: str
    note: str
    kind: str
    style: Style
    line: list[tuple[float, float]]
    marks: list[Mark]

    @property
    def points(self) -> str:
        """The line, as SVG has it."""
        return " ".join(f"{x},{y}" for x, y in self.line)


Styled = tuple[Series, Style]


def drawn(styled: Sequence[Styled], frame: Frame, words: Wording) -> list[Drawn]:
    """In the order of the document."""
    series = [each for each, _ in styled]
    several = len({each.task for each in series} - {None}) > 1
    return [
        Drawn(
            name=words.label(each.name),
            note=words.note(each, with_task=several),
            kind=each.kind,
            style=style,
            line=_line(each, frame),
            marks=[_mark(each, point, frame, aside, words) for point in _marked(each, frame)],
        )
        for (each, style), aside in zip(styled, _asides(series, frame), strict=True)
    ]


def beside(series: Sequence[Series]) -> int:
    """How many stand beside each other in a row: what was measured here; other lines run through the middle."""
    return sum(ours(each) for each in series)


def _asides(series: Sequence[Series], frame: Frame) -> list[float]:
    count = beside(series)
    if count < 2 or not frame.rows:
        return [0.0] * len(series)
    order = iter(range(count))
    return [_SHARED * ((next(order) + 0.5) / count - 0.5) if ours(each) else 0.0 for each in series]


def _line(series: Series, frame: Frame) -> list[tuple[float, float]]:
    """Nothing between the marks of rows, or of a cloud: several values for one x."""
    points = finite(series)
    if not ours(series):
        points = sorted(points, key=lambda point: point.x)
    elif frame.rows or any(before.x >= after.x for before, after in pairwise(points)):
        return []
    return [frame.place(point.x, point.y) for point in points] if len(points) > 1 else []


def _marked(series: Series, frame: Frame) -> list[Point]:
    """Every point; few of them along a line of many; none along a line of theory."""
    points = finite(series)
    if series.kind == "theory" and len(points) > 1:
        return []
    crowded = len(points) > _MOST and bool(_line(series, frame))
    return points[:: math.ceil(len(points) / _FEW)] if crowded else points


def _mark(series: Series, point: Point, frame: Frame, aside: float, words: Wording) -> Mark:
    x, y = frame.place(point.x, point.y, aside)
    along = words.label(point.label) if point.label else words.figures.shown(point.x, frame.chart.x.quantity)
    title = words.point(series, along, point, frame.chart.y.quantity)
    return Mark(x, y, frame.whisker(point, aside), point, title)
