"""The report as one page: nothing is loaded from elsewhere; it opens offline, prints, and follows light or dark."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pilot.report.figures import FILTERS, percent
from pilot.report.view import Prose, view
from schemas.report import Report

_HERE = Path(__file__).parent


def html(report: Report, lang: str) -> str:
    """Every text that came from the file is escaped; a missing figure is an error, not a blank."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(FILTERS | {"fill": _fill})
    environment.globals["percent"] = percent
    prose = read_prose(lang)
    style = "".join((_HERE / name).read_text(encoding="utf-8") for name in ("report.css", "laboratory.css"))
    page = environment.get_template("report.html.j2")
    return page.render(report=report, t=prose, view=view(report, prose), lang=lang, style=style)


@cache
def read_prose(lang: str) -> Prose:
    return tomllib.loads((_HERE / f"prose.{lang}.toml").read_text(encoding="utf-8"))


def _fill(sentence: str, **figures: Any) -> str:
    return sentence.format(**figures)
