"""The report in short, on the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pilot.report.figures import number, percent
from pilot.report.html import read_prose
from schemas.checks import Verdict
from schemas.experiments import Decision
from schemas.report import Report

_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.NOT_DECISIVE: "yellow",
    Decision.DECISIVE: "green",
    Decision.NOT_DECISIVE: "yellow",
}


def print_report(report: Report, page: Path) -> None:
    """The checks, the experiments' recommendations, the verdict and where the page is."""
    console = Console()
    console.print(_checks(report))
    if report.experiments:
        console.print()
        console.print(_experiments(report))
    console.print()
    console.print(_coloured(report.verdict), Text(str(page)), sep="  ", soft_wrap=True)


def _checks(report: Report) -> Table:
    prose = read_prose("en")
    table = _table("check", "right", "of", "rate", "wrong", "abstained", "result")
    for check in report.checks:
        figures = (check.right, check.asked)
        table.add_row(
            prose["check"][check.id],
            *map(number, figures),
            percent(*figures),
            number(check.wrong),
            number(check.abstained),
            _coloured(check.verdict),
        )
    return table


def _experiments(report: Report) -> Table:
    table = _table("experiment", "result", "recommendation")
    for experiment in report.experiments:
        table.add_row(experiment.id, _coloured(experiment.verdict), Text(experiment.recommendation))
    return table


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False)
    words = {"check", "result", "experiment", "recommendation"}
    for title in titles:
        table.add_column(title, justify="left" if title in words else "right")
    return table


def _coloured(verdict: Verdict | Decision) -> Text:
    return Text(verdict.replace("_", " "), style=_STYLES[verdict])
