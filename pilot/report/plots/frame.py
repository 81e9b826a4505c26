"""The frame of a chart: where a point of the document stands in it, in per cent from the left and from the top."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pilot.report.plots.scales import Category, Scale, fit_scale
from schemas.experiments import Axis, Chart, Point, Series

Whisker = tuple[float, float, float, float]
"""An interval's two ends: x1, y1, x2, y2."""


@dataclass(frozen=True, slots=True)
class Frame:
    """chart: as in the document. turned: its x axis is one of categories, which are drawn as rows, from the top: there
    names have room. sideways: its y axis is one of categories, so that intervals are of x.
    """

    chart: Chart
    x: Scale
    y: Scale
    turned: bool
    sideways: bool

    @property
    def across(self) -> Axis:
        return self.chart.y if self.turned else self.chart.x

    @property
    def up(self) -> Axis:
        return self.chart.x if self.turned else self.chart.y

    @property
    def rows(self) -> int:
        """How many, where the y axis is one of categories; else 0."""
        return self.y.count if isinstance(self.y, Category) else 0

    def place(self, x: float, y: float, aside: float = 0.0) -> tuple[float, float]:
        """aside: of a row's height."""
        across, up = (y, x) if self.turned else (x, y)
        if isinstance(self.y, Category):
            return self.x.place(across), round(self.y.place(up) + aside * self.y.band, 2)
        return self.x.place(across), round(100 - self.y.place(up), 2)

    def number(self, point: Point) -> int:
        """Of the category that a point belongs to."""
        return round(point.y if self.sideways else point.x)

    def whisker(self, point: Point, aside: float) -> Whisker | None:
        if point.low is None or point.high is None:
            return None
        if self.sideways:
            return *self.place(point.low, point.y, aside), *self.place(point.high, point.y, aside)
        return *self.place(point.x, point.low, aside), *self.place(point.x, point.high, aside)


def build_frame(chart: Chart, series: Sequence[Series]) -> Frame:
    """Axes on which every value of the series has its place."""
    points = [point for each in series for point in finite_points(each)]
    turned, sideways = _find_categories(chart)
    value = chart.x if sideways else chart.y
    ends = [end for point in points for end in _interval_ends(point, value)]
    x = fit_scale(chart.x, [point.x for point in points] + (ends if sideways else []), levels=sideways)
    y = fit_scale(chart.y, [point.y for point in points] + ([] if sideways else ends), levels=not sideways)
    return Frame(chart, y, x, turned, sideways) if turned else Frame(chart, x, y, turned, sideways)


def _find_categories(chart: Chart) -> tuple[bool, bool]:
    """Whether they stand along x alone, and along y alone."""
    x, y = chart.x.scale == "category", chart.y.scale == "category"
    return x and not y, y and not x


def finite_points(series: Series) -> list[Point]:
    """The points that have a place at all."""
    return [point for point in series.points if math.isfinite(point.x) and math.isfinite(point.y)]


def _interval_ends(point: Point, axis: Axis) -> Iterable[float]:
    """Of its interval; one that is not positive has no place of its own on a logarithmic axis."""
    return (end for end in (point.low, point.high) if end is not None and (end > 0 or axis.scale != "log"))
