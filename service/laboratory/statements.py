"""What experiments say: sentences by code, so that they can be said in any language."""

import math
import tomllib
from functools import cache
from importlib.resources import files

from schemas.experiments import Statement

Figure = float | int | str


def statement(code: str, /, **figures: Figure) -> Statement:
    """Raises KeyError where there is no such sentence or one of its figures is missing, ValueError where a figure is
    not finite or does not fit its format: at once, not when a report is drawn.
    """
    if any(isinstance(figure, float) and not math.isfinite(figure) for figure in figures.values()):
        raise ValueError(f"a figure of {code} is not finite")
    stated = Statement(code=code, figures=dict(figures))
    to_english(stated)
    return stated


def to_english(stated: Statement) -> str:
    sentence = get_templates()[stated.code].format_map(stated.figures)
    return sentence[:1].upper() + sentence[1:]  # one that begins with a figure may begin with a word


@cache
def get_templates() -> dict[str, str]:
    """The English sentence of every code."""
    return tomllib.loads((files(__package__) / "sentences.toml").read_text("utf-8"))
