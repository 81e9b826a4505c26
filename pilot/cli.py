"""The command line. Exit: 0 passed, 1 a limit was missed or not decided, 2 unusable input, 3 the service failed."""

import signal
import sys
import traceback
from pathlib import Path

import typer
from rich.console import Console

from pilot.errors import PilotError
from pilot.option_groups import takes_options
from pilot.options import LaboratoryOptions, Lang, RunOptions
from pilot.progress import Steps
from pilot.report.messages import error_text
from pilot.report.terminal import print_report
from pilot.report.write import write_report
from pilot.run import Request, run
from schemas.checks import Verdict

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_FAILED = 3


@app.callback()
def pilot() -> None:
    """Measure how well a memory holds a table of facts."""


@app.command("run")
@takes_options
def run_command(asked: RunOptions) -> None:
    """Load FACTS.csv, train a memory, ask it everything, and write report.json, report.html and report.junit.xml."""
    _report(asked.request(changes=True), asked.out, asked.lang)


@app.command("laboratory")
@takes_options
def laboratory_command(asked: RunOptions, wanted: LaboratoryOptions) -> None:
    """As run, and experiments: where the parameters should go, how many facts they hold, what the theory predicts."""
    _report(wanted.added_to(asked.request(changes=False)), asked.out, asked.lang)


def _report(request: Request, out: Path, lang: Lang) -> None:
    try:
        with Steps(lang) as steps:
            report = run(request, steps.update)
            page = write_report(report, out, lang)
    except PilotError as error:
        _tell(error, lang)
        raise typer.Exit(error.exit_code) from None
    print_report(report, page, lang)
    raise typer.Exit(0 if report.verdict is Verdict.PASS else 1)


def main() -> None:
    """Every end has its exit code: 1 is kept for a report that did not pass, so a defect of the pilot's own is 3."""
    end_in_order()
    try:
        app()
    except PilotError as error:
        _tell(error, Lang.EN)
        sys.exit(error.exit_code)
    except Exception:  # noqa: BLE001 - the last line of defence, so that the exit code stays true
        traceback.print_exc()
        sys.exit(_FAILED)


def _tell(error: PilotError, lang: Lang) -> None:
    Console(stderr=True).print(error_text(error, lang), style="red", markup=False, highlight=False, soft_wrap=True)


def end_in_order() -> None:
    """A signal unwinds the stack: scratch copies and the embedded service go on the way out."""
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda received, _: sys.exit(128 + received))
