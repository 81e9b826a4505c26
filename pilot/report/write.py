"""Write a report as JSON, JUnit XML and HTML, each file atomically.

The page loads nothing from elsewhere: it opens offline, prints, and follows the light or dark theme.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pilot.errors import UnusableInput
from pilot.report.junit import to_junit
from pilot.report.messages import describe_finding, describe_reason, describe_refusal, read_prose
from pilot.report.quantities import get_number_format
from pilot.report.typesetting import typeset
from pilot.report.view import build_view
from schemas.report import Report


def write_report(report: Report, folder: Path, lang: str) -> Path:
    """Write report.json, report.html and report.junit.xml into `folder`, and return the path of the page.

    Raises UnusableInput where the folder cannot be written.
    """
    files = {
        "report.json": (report.model_dump_json(indent=2) + "\n").encode(),
        "report.junit.xml": to_junit(report),
        "report.html": render_html(report, lang).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            half = folder / f".{name}.part"
            half.write_bytes(content)
            half.replace(folder / name)
    except OSError as error:
        raise UnusableInput(f"the report cannot be written: {error}", "report_unwritable", why=error) from None
    return folder / "report.html"


_CODE = re.compile("`([^`]+)`")
_HERE = Path(__file__).parent


def render_html(report: Report, lang: str) -> str:
    """Render the page. Every text that came from the file is escaped; a missing figure is an error, not a blank."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    prose = read_prose(lang)
    figures = get_number_format(prose)
    texts = {
        "in_words": lambda finding: _mark_code(describe_finding(finding, lang)),
        "as_refusal": lambda code: _mark_code(describe_refusal(code, lang)),
        "as_reason": partial(describe_reason, lang=lang),
    }
    environment.filters.update(figures.filters() | texts | {"fill": _fill})
    environment.globals["percent"] = figures.percent
    style = "".join((_HERE / name).read_text(encoding="utf-8") for name in ("report.css", "laboratory.css"))
    page = environment.get_template("report.html.j2")
    return typeset(page.render(report=report, t=prose, view=build_view(report, prose), lang=lang, style=style))


def _mark_code(text: str) -> Markup:
    """Escape a text and mark what is between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before the tags are set


def _fill(sentence: str, **figures: Any) -> str:
    return sentence.format(**figures)
