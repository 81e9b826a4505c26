"""Turn series into marks, intervals and lines, placed in the frame of their chart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pilot.report.plots.frame import Frame, Whisker, finite_points
from pilot.report.plots.styles import Style, is_ours
from pilot.report.wording import Wording
from schemas.experiments import Point, Series

_MOST = 24
"""A series with more points is drawn as a line with few marks."""
_FEW = 7
_SHARED = 0.62
"""The share of a row's height over which several series are spread, so that their marks do not overlap."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the document, with its place, its interval and its tooltip."""

    x: float
    y: float
    whisker: Whisker | None
    point: Point
    title: str


@dataclass(frozen=True, slots=True)
class DrawnSeries:
    """A series ready to draw. line: its points, none where there is no line; note: what follows the name."""

    name: str
    note: str
    kind: str
    style: Style
    line: list[tuple[float, float]]
    marks: list[Mark]

    @property
    def points(self) -> str:
        """The line as SVG writes it."""
        return " ".join(f"{x},{y}" for x, y in self.line)


StyledSeries = tuple[Series, Style]


def draw_series(styled: Sequence[StyledSeries], frame: Frame, words: Wording) -> list[DrawnSeries]:
    """Place every series in the frame, in the order of the document."""
    series = [each for each, _ in styled]
    several = len({each.task for each in series} - {None}) > 1
    return [
        DrawnSeries(
            name=words.label(each.name),
            note=words.note(each, with_task=several),
            kind=each.kind,
            style=style,
            line=_draw_line(each, frame),
            marks=[_draw_mark(each, point, frame, aside, words) for point in _choose_points(each, frame)],
        )
        for (each, style), aside in zip(styled, _spread_asides(series, frame), strict=True)
    ]


def count_beside(series: Sequence[Series]) -> int:
    """Count the series drawn beside each other in a row: those measured here. Others run through the middle."""
    return sum(is_ours(each) for each in series)


def _spread_asides(series: Sequence[Series], frame: Frame) -> list[float]:
    count = count_beside(series)
    if count < 2 or not frame.rows:
        return [0.0] * len(series)
    order = iter(range(count))
    return [_SHARED * ((next(order) + 0.5) / count - 0.5) if is_ours(each) else 0.0 for each in series]


def _draw_line(series: Series, frame: Frame) -> list[tuple[float, float]]:
    """Return the points of the line; none for rows, and none for a cloud, which has several values for one x."""
    points = finite_points(series)
    if not is_ours(series):
        points = sorted(points, key=lambda point: point.x)
    elif frame.rows or any(before.x >= after.x for before, after in pairwise(points)):
        return []
    return [frame.place(point.x, point.y) for point in points] if len(points) > 1 else []


def _choose_points(series: Series, frame: Frame) -> list[Point]:
    """Choose the points to mark: all of them, few along a crowded line, none along a line of theory."""
    points = finite_points(series)
    if series.kind == "theory" and len(points) > 1:
        return []
    crowded = len(points) > _MOST and bool(_draw_line(series, frame))
    return points[:: math.ceil(len(points) / _FEW)] if crowded else points


def _draw_mark(series: Series, point: Point, frame: Frame, aside: float, words: Wording) -> Mark:
    x, y = frame.place(point.x, point.y, aside)
    along = words.label(point.label) if point.label else words.figures.shown(point.x, frame.chart.x.quantity)
    title = words.point(series, along, point, frame.chart.y.quantity)
    return Mark(x, y, frame.whisker(point, aside), point, title)
