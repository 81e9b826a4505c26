"""Print the report in short on the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pilot.report.messages import Prose, read_prose
from pilot.report.quantities import format_number, get_number_format
from pilot.report.summary import say_differences
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
    """Print the checks, the recommendations of the experiments, the verdict and the path of the page."""
    console, prose = Console(), read_prose(lang)
    console.print(_tabulate_checks(report, prose))
    if report.experiments:
        console.print()
        console.print(_tabulate_experiments(report, prose))
    console.print()
    for sentence in say_differences(report, prose):
        console.print(Text(sentence, style="yellow"), soft_wrap=True)
    console.print(_colour(report.verdict, prose), Text(str(page)), sep="  ", soft_wrap=True)


def _tabulate_checks(report: Report, prose: Prose) -> Table:
    table = _make_table(prose, "check", "right", "asked", "rate", "wrong", "abstained", "result")
    percent = get_number_format(prose).percent
    for check in report.checks:
        table.add_row(
            prose["check"][check.id],
            format_number(check.right),
            format_number(check.asked),
            percent(check.right, check.asked),
            format_number(check.wrong),
            format_number(check.abstained),
            _colour(check.verdict, prose),
        )
    return table


def _tabulate_experiments(report: Report, prose: Prose) -> Table:
    table = _make_table(prose, "experiment", "result", "recommendation")
    for made in report.experiments:
        recommended = Text(Wording(prose, made.id).recommendation(made))
        table.add_row(prose["experiment"][made.id]["title"], _colour(made.verdict, prose), recommended)
    return table


def _make_table(prose: Prose, *columns: str) -> Table:
    """Make an empty table; words are aligned to the left, figures to the right."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(prose["console"][column], justify="left" if column in _WORDS else "right", overflow="fold")
    return table


def _colour(verdict: Verdict | Decision, prose: Prose) -> Text:
    return Text(prose["console"][verdict], style=_STYLES[verdict])
