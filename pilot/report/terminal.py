"""The report in short, on the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pilot.report.figures import number
from pilot.report.prose import Prose, read_prose
from pilot.report.quantities import figures_of
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


def print_report(report: Report, page: Path, lang: str) -> None:
    """The checks, the experiments' recommendations, the verdict and where the page is."""
    console, prose = Console(), read_prose(lang)
    console.print(_checks(report, prose))
    if report.experiments:
        console.print()
        console.print(_experiments(report, prose))
    console.print()
    console.print(_coloured(report.verdict, prose["verdict"]), Text(str(page)), sep="  ", soft_wrap=True)


def _checks(report: Report, prose: Prose) -> Table:
    words, percent = prose["checks"], figures_of(prose).percent
    counted = [words["right"], prose["change"]["asked"], words["rate"], words["wrong"], words["abstained"]]
    table = _table([words["check"]], counted, [words["result"]])
    for check in report.checks:
        table.add_row(
            prose["check"][check.id],
            number(check.right),
            number(check.asked),
            percent(check.right, check.asked),
            number(check.wrong),
            number(check.abstained),
            _coloured(check.verdict, prose["verdict"]),
        )
    return table


def _experiments(report: Report, prose: Prose) -> Table:
    words = prose["experiment"]
    table = _table([words["experiment"], prose["checks"]["result"], words["recommendation"]], [], [])
    for made in report.experiments:
        recommended = Text(Wording(prose, made.id).recommendation(made))
        table.add_row(words[made.id]["title"], _coloured(made.verdict, words["verdict"]), recommended)
    return table


def _table(words: list[str], figures: list[str], last: list[str]) -> Table:
    """Words stand on the left of their column, figures on the right."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for titles, side in ((words, "left"), (figures, "right"), (last, "left")):
        for title in titles:
            table.add_column(title, justify=side)
    return table


def _coloured(verdict: Verdict | Decision, words: Prose) -> Text:
    return Text(words[verdict], style=_STYLES[verdict])
