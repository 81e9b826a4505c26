"""The frame of a chart: it places points of the document in per cent from the left and from the top."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pilot.report.plots.scales import Category, Scale, fit_scale
from schemas.experiments import Axis, Chart, Point, Series

Whisker = tuple[float, float, float, float]
"""The two ends of an interval: x1, y1, x2, y2."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A chart of the document with its two scales.

    turned: its x axis has categories, which are drawn as rows from the top, where names have room.
    sideways: its y axis has categories, so that intervals are of x.
    """

    chart: Chart
    x: Scale
    y: Scale
    turned: bool
    sideways: bool

    @property
    def across(self) -> Axis:
        """The axis of the document that is drawn horizontally."""
        return self.chart.y if self.turned else self.chart.x

    @property
    def up(self) -> Axis:
        """The axis of the document that is drawn vertically."""
        return self.chart.x if self.turned else self.chart.y

    @property
    def rows(self) -> int:
        """How many rows of categories there are; 0 where the vertical axis has none."""
        return self.y.count if isinstance(self.y, Category) else 0

    def place(self, x: float, y: float, aside: float = 0.0) -> tuple[float, float]:
        """Place a point; `aside` moves it within its row, in shares of the row's height."""
        across, up = (y, x) if self.turned else (x, y)
        if isinstance(self.y, Category):
            return self.x.place(across), round(self.y.place(up) + aside * self.y.band, 2)
        return self.x.place(across), round(100 - self.y.place(up), 2)

    def number(self, point: Point) -> int:
        """Return the number of the category that a point belongs to."""
        return round(point.y if self.sideways else point.x)

    def whisker(self, point: Point, aside: float) -> Whisker | None:
        """Place the interval of a point, if it has one."""
        if point.low is None or point.high is None:
            return None
        if self.sideways:
            return *self.place(point.low, point.y, aside), *self.place(point.high, point.y, aside)
        return *self.place(point.x, point.low, aside), *self.place(point.x, point.high, aside)


def build_frame(chart: Chart, series: Sequence[Series]) -> Frame:
    """Build a frame on which every value of the series has its place."""
    points = [point for each in series for point in finite_points(each)]
    turned, sideways = _find_categories(chart)
    value = chart.x if sideways else chart.y
    ends = [end for point in points for end in _interval_ends(point, value)]
    x = fit_scale(chart.x, [point.x for point in points] + (ends if sideways else []), levels=sideways)
    y = fit_scale(chart.y, [point.y for point in points] + ([] if sideways else ends), levels=not sideways)
    return Frame(chart, y, x, turned, sideways) if turned else Frame(chart, x, y, turned, sideways)


def _find_categories(chart: Chart) -> tuple[bool, bool]:
    """Return whether only the x axis has categories, and whether only the y axis has."""
    x, y = chart.x.scale == "category", chart.y.scale == "category"
    return x and not y, y and not x


def finite_points(series: Series) -> list[Point]:
    """Return the points whose x and y are finite."""
    return [point for point in series.points if math.isfinite(point.x) and math.isfinite(point.y)]


def _interval_ends(point: Point, axis: Axis) -> Iterable[float]:
    """Yield the ends of a point's interval; on a logarithmic axis only the positive ones, which have a place there."""
    return (end for end in (point.low, point.high) if end is not None and (end > 0 or axis.scale != "log"))
