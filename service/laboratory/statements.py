"""Statements of experiments: a code and figures, from which a report makes a sentence in its language."""

import math
import tomllib
from functools import cache
from importlib.resources import files

from schemas.experiments import Statement

SENTENCES = "sentences.toml"
"""English sentences by code: of one experiment in its folder, of several in the laboratory's own."""

Figure = float | int | str


def statement(code: str, /, **figures: Figure) -> Statement:
    """A statement that can be written as a sentence. Raises KeyError where there is no such sentence or a figure is
    missing, ValueError where a figure is not finite or does not fit its format: at once, not when a report is drawn.
    """
    if any(isinstance(figure, float) and not math.isfinite(figure) for figure in figures.values()):
        raise ValueError(f"a figure of {code} is not finite")
    stated = Statement(code=code, figures=dict(figures))
    to_english(stated)
    return stated


def to_english(stated: Statement) -> str:
    """The statement as an English sentence."""
    sentence = get_sentences()[stated.code].format_map(stated.figures)
    return sentence[:1].upper() + sentence[1:]  # one that begins with a figure may begin with a word


@cache
def get_sentences() -> dict[str, str]:
    """The English sentence of every code. Raises ValueError where two folders have a sentence for one code."""
    laboratory = files(__package__)
    texts = [laboratory / SENTENCES, *(each / SENTENCES for each in laboratory.iterdir() if each.is_dir())]
    sentences: dict[str, str] = {}
    for text in (text for text in texts if text.is_file()):
        found: dict[str, str] = tomllib.loads(text.read_text("utf-8"))
        if twice := sentences.keys() & found.keys():
            raise ValueError(f"two sentences for {', '.join(sorted(twice))}")
        sentences |= found
    return sentences
