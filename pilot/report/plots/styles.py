"""Styles that tell series apart by shape, filling and dashes, so that colour is never needed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.experiments import Series, Task

_SHAPES = (
    "M4.4 0A4.4 4.4 0 1 1-4.4 0A4.4 4.4 0 1 1 4.4 0Z",
    "M-4-4H4V4H-4Z",
    "M0-5.2L5 3.8H-5Z",
    "M0-5.4L5.4 0L0 5.4L-5.4 0Z",
    "M0 5.2L5-3.8H-5Z",
    "M-2-5H2L5-2V2L2 5H-2L-5 2V-2Z",
    "M-1.6-5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5V-1.6H-1.6Z",
)
"""SVG paths around 0, 10 pixels wide: circle, square, triangle, diamond, triangle pointing down, octagon, cross."""
_STROKES = (
    "M0-5V5M-4.3-2.5L4.3 2.5M-4.3 2.5L4.3-2.5",
    "M-4-4L4 4M-4 4L4-4",
    "M0-5V5M-5 0H5",
    "M0 5V-4M-4.5-4H4.5",
    "M-5 0H5",
    "M-4 4L0-4L4 4",
)
"""SVG paths for what was not measured here: star, cross, plus, T, dash, caret."""
_COLOURS = 6
_DASHES = {
    "measured": ("none",),
    "estimate": ("7 4",),
    "theory": ("1.5 3.5", "5 3 1.5 3", "12 4"),
    "published": ("9 3 2 3 2 3", "16 3 4 3", "3 6"),
}


@dataclass(frozen=True, slots=True)
class Style:
    """How a series is drawn.

    colour: a class of the style sheet; shape: an SVG path around 0; filling: solid, hollow or broken; dash: an SVG dash
    pattern.
    """

    colour: str
    shape: str
    filling: str
    dash: str


def assign_styles(series: Sequence[Series]) -> list[Style]:
    """Assign a style to each series of a chart.

    Series of the same name share colour and shape; the task decides the filling. Lines that were not measured here have
    no colour, and each has its own dashes.
    """
    own = _distinct_names(each for each in series if is_ours(each))
    others = _distinct_names(each for each in series if not is_ours(each))
    return [_style_own(each, own) if is_ours(each) else _style_other(each, others, series) for each in series]


def _distinct_names(series: Iterable[Series]) -> list[str]:
    return list(dict.fromkeys(each.name for each in series))


def _style_other(series: Series, names: Sequence[str], every: Sequence[Series]) -> Style:
    alike = _distinct_names(each for each in every if each.kind == series.kind)
    dashes = _DASHES[series.kind]
    dash = dashes[alike.index(series.name) % len(dashes)]
    return Style("other", _STROKES[names.index(series.name) % len(_STROKES)], "hollow", dash)


def _style_own(series: Series, names: Sequence[str]) -> Style:
    slot, dash = names.index(series.name), _DASHES[series.kind][0]
    return Style(f"c{slot % _COLOURS}", _SHAPES[slot % len(_SHAPES)], _filling(series), dash)


def _filling(series: Series) -> str:
    if series.kind == "estimate":
        return "broken"
    return "hollow" if series.task is Task.SYNTHETIC else "solid"


def is_ours(series: Series) -> bool:
    """Whether the series was measured here or estimated from such measurements."""
    return series.kind in {"measured", "estimate"}
