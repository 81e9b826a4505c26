"""The command line.

Exit codes: 0 passed, 1 a limit was missed or is not decided, 2 unusable input, 3 the service failed.
"""

import os
import signal
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from pilot.errors import PilotError
from pilot.options import LaboratoryOptions, Lang, RunOptions, check_for_keys, takes_options
from pilot.report.messages import describe_error, describe_step
from pilot.report.terminal import print_report
from pilot.report.write import write_report
from pilot.run import RunRequest, run
from schemas.checks import Verdict

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_FAILED = 3


@app.callback()
def pilot() -> None:
    """Measure how well a memory holds a table of facts."""


@app.command("run")
@takes_options
def run_command(options: RunOptions) -> None:
    """Load FACTS.csv, train a memory, ask for every fact, and write report.json, report.html and report.junit.xml."""
    _run_and_report(options.to_request(changes=True), options.out, options.lang)


@app.command("laboratory")
@takes_options
def laboratory_command(options: RunOptions, laboratory: LaboratoryOptions) -> None:
    """Do what run does, then make experiments: where parameters should go, what they hold, what theory predicts."""
    _run_and_report(laboratory.add_to(options.to_request(changes=False)), options.out, options.lang)


def _run_and_report(request: RunRequest, out: Path, lang: Lang) -> None:
    try:
        with StepProgress(lang) as steps:
            report = run(request, steps.update)
            page = write_report(report, out, lang)
    except PilotError as error:
        _print_error(error, lang)
        raise typer.Exit(error.exit_code) from None
    print_report(report, page, lang)
    raise typer.Exit(0 if report.verdict is Verdict.PASS else 1)


def main() -> None:
    """Run the command line. Exit code 1 is kept for a report that did not pass, so an unexpected error exits with 3."""
    exit_on_signals()
    try:
        check_for_keys(sys.argv[1:], os.environ)
        app()
    except PilotError as error:
        _print_error(error, Lang.EN)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last line of defence, so that the exit code stays true
        _print_error(_explain_fault(error), Lang.EN)
        sys.exit(_FAILED)


def _explain_fault(error: Exception) -> PilotError:
    """An error that nobody foresaw: its kind and its place, for whoever mends the pilot. Its message may hold names."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return PilotError(f"the pilot failed by a fault of its own ({type(error).__name__} in {where}); please report it")


def _print_error(error: PilotError, lang: Lang) -> None:
    Console(stderr=True).print(describe_error(error, lang), style="red", markup=False, highlight=False, soft_wrap=True)


def exit_on_signals() -> None:
    """Let SIGTERM and SIGINT unwind the stack, so that scratch copies are removed and the embedded service stopped."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: sys.exit(128 + received))


class StepProgress:
    """Progress bars on stderr, one for each step, with the steps' names in `lang`."""

    def __init__(self, lang: str = "en") -> None:
        self._lang = lang
        columns = (TextColumn("{task.description:<40}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._step = ""
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end_step()
        self._progress.stop()

    def update(self, share: float, step: str) -> None:
        """Move the bar of this step to `share`, from 0 to 1. A new name ends the step before it."""
        if step != self._step or self._task is None:
            self._end_step()
            self._step, self._task = step, self._progress.add_task(describe_step(step, self._lang), total=1.0)
        self._progress.update(self._task, completed=share)

    def _end_step(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=1.0)
            self._progress.stop_task(self._task)
