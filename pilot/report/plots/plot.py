"""Turn a chart of the document, with its series, into a plot. Nothing is drawn that is not in the document."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pilot.report.plots.drawing import DrawnSeries, StyledSeries, count_beside, draw_series
from pilot.report.plots.frame import Frame, build_frame, finite_points
from pilot.report.plots.scales import Category, Scale
from pilot.report.plots.spacing import GUTTER, NARROW, WIDE, Note, place_notes, spread_labels, text_width, thin_labels
from pilot.report.plots.styles import assign_styles
from pilot.report.wording import Wording
from schemas.experiments import Axis, Chart, Series, Task

_HEIGHT = 15.0
_TOGETHER = 5
"""A chart with more series than this, of both tasks, is split into one for each task."""
_AT_THE_END = 85.0
_AROUND = 24.0
"""Pixels for the mark beside the name of a line, and the space around both."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A value along an axis, in per cent. phone: whether its text also has room on a phone."""

    place: float
    text: str
    phone: bool = True


@dataclass(frozen=True, slots=True)
class LineEnd:
    """The name of a line at its right end; place: the height of the text, in per cent."""

    place: float
    drawn: DrawnSeries


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot; all places are in per cent of the frame.

    task: whose figures it shows, where the chart is split by task; rows: whether the vertical axis has categories;
    height: that of the frame, in rem; ends: the names of the lines, where all of them have room at their ends;
    notes: the names of marks.
    """

    title: str
    task: str
    x_title: str
    y_title: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    rows: bool
    height: float
    drawn: list[DrawnSeries]
    ends: list[LineEnd]
    notes: list[Note]
    sources: list[str]


def plot_chart(chart: Chart, series: Sequence[Series], words: Wording) -> list[Plot]:
    """Plot a chart: usually once; once for each task, on equal axes, where there are many series of both.

    Returns nothing where the document has no point for this chart.
    """
    ours = [each for each in series if each.chart == chart.id and finite_points(each)]
    if not ours:
        return []
    frame, title = build_frame(chart, ours), words.chart(chart)
    styled = list(zip(ours, assign_styles(ours), strict=True))
    tasks = [task for task in (Task.DICTIONARY, Task.SYNTHETIC) if any(each.task is task for each in ours)]
    if len(tasks) < 2 or len(ours) <= _TOGETHER:
        return [_plot(frame, styled, title, "", words)]
    parts = {task: [each for each in styled if each[0].task in {task, None}] for task in tasks}
    return [_plot(frame, part, title, words.words["task"][task], words) for task, part in parts.items()]


def _plot(frame: Frame, styled: Sequence[StyledSeries], title: str, task: str, words: Wording) -> Plot:
    series, lines = [each for each, _ in styled], draw_series(styled, frame, words)
    named = {frame.number(point): point.label for each in series for point in finite_points(each) if point.label}
    categories = "category" in {frame.chart.x.scale, frame.chart.y.scale}
    return Plot(
        title=title,
        task=task,
        x_title=words.axis(frame.across),
        y_title="" if frame.rows else words.axis(frame.up),
        x_ticks=_thin_ticks(_label_ticks(frame.x, frame.across, named, words)),
        y_ticks=_label_ticks(frame.y, frame.up, named, words),
        rows=frame.rows > 0,
        height=_height(frame, series),
        drawn=lines,
        ends=[] if frame.rows else _place_ends(lines),
        notes=[] if categories else _place_notes(lines, words),
        sources=_list_sources(series, words),
    )


def _label_ticks(scale: Scale, axis: Axis, named: dict[int, str], words: Wording) -> list[Tick]:
    """Label the values of an axis. named: the names of the categories by their numbers."""
    values = scale.ticks()
    if isinstance(scale, Category):
        return [Tick(scale.place(at), words.label(named.get(round(at), ""))) for at in values]
    return [Tick(scale.place(value), words.figures.shown(value, axis.quantity)) for value in values]


def _thin_ticks(ticks: list[Tick]) -> list[Tick]:
    """Keep the ticks that have room on a desktop, and mark those that also have room on a phone."""
    kept = [ticks[at] for at in _choose_ticks(ticks, WIDE)]
    phone = set(_choose_ticks(kept, NARROW))
    return [replace(tick, phone=at in phone) for at, tick in enumerate(kept)]


def _choose_ticks(ticks: Sequence[Tick], across: float) -> list[int]:
    return thin_labels([tick.place for tick in ticks], [tick.text for tick in ticks], across)


def _height(frame: Frame, series: Sequence[Series]) -> float:
    return round(frame.rows * max(2.4, 1.1 * count_beside(series) + 0.9), 1) or _HEIGHT


def _place_ends(lines: Sequence[DrawnSeries]) -> list[LineEnd]:
    """Place the names at the ends of the lines, if every series is a line that ends at the right and has room there."""
    last = [each.line[-1] for each in lines if each.line]
    if len(lines) < 2 or len(last) < len(lines) or any(x < _AT_THE_END for x, _ in last):
        return []
    if any(text_width(f"{each.name} {each.note}") + _AROUND > GUTTER for each in lines):
        return []
    places = spread_labels([y for _, y in last])
    return [] if places is None else [LineEnd(place, each) for place, each in zip(places, lines, strict=True)]


def _place_notes(lines: Sequence[DrawnSeries], words: Wording) -> list[Note]:
    marks = [mark for each in lines for mark in each.marks]
    named = [(mark.x, mark.y, words.label(mark.point.label)) for mark in marks if mark.point.label]
    return place_notes(named, [(mark.x, mark.y) for mark in marks], [each.line for each in lines])


def _list_sources(series: Sequence[Series], words: Wording) -> list[str]:
    """List each source once, after the names of the series that it belongs to."""
    cited: dict[str, list[str]] = {}
    for each in series:
        if each.source:
            cited.setdefault(each.source, []).append(words.label(each.name))
    marks = words.marks
    return [f"{marks['list'].join(names)}{marks['colon']}{source}" for source, names in cited.items()]
