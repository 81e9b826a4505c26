"""The report in short, on the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pilot.report.messages import Prose, read_prose
from pilot.report.quantities import figures_of, number
from pilot.report.wording import Wording
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
_WORDS = {"check", "result", "experiment", "recommendation"}


def print_report(report: Report, page: Path, lang: str) -> None:
    """The checks, the experiments' recommendations, the verdict and where the page is."""
    console, prose = Console(), read_prose(lang)
    console.print(_checks(report, prose))
    if report.experiments:
        console.print()
        console.print(_experiments(report, prose))
    console.print()
    console.print(_coloured(report.verdict, prose), Text(str(page)), sep="  ", soft_wrap=True)


def _checks(report: Report, prose: Prose) -> Table:
    table = _table(prose, "check", "right", "asked", "rate", "wrong", "abstained", "result")
    percent = figures_of(prose).percent
    for check in report.checks:
        table.add_row(
            prose["check"][check.id],
            number(check.right),
            number(check.asked),
            percent(check.right, check.asked),
            number(check.wrong),
            number(check.abstained),
            _coloured(check.verdict, prose),
        )
    return table


def _experiments(report: Report, prose: Prose) -> Table:
    table = _table(prose, "experiment", "result", "recommendation")
    for made in report.experiments:
        recommended = Text(Wording(prose, made.id).recommendation(made))
        table.add_row(prose["experiment"][made.id]["title"], _coloured(made.verdict, prose), recommended)
    return table


def _table(prose: Prose, *columns: str) -> Table:
    """Words stand on the left of their column, figures on the right."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(prose["console"][column], justify="left" if column in _WORDS else "right", overflow="fold")
    return table


def _coloured(verdict: Verdict | Decision, prose: Prose) -> Text:
    return Text(prose["console"][verdict], style=_STYLES[verdict])
