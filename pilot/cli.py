"""The command line. Exit: 0 passed, 1 a limit was missed or not decided, 2 unusable input, 3 the service failed."""

import shlex
import signal
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pilot.checks.plan import Plan
from pilot.embedded import Address
from pilot.errors import PilotError
from pilot.progress import Steps
from pilot.reading import Options
from pilot.report.figures import number, percent
from pilot.report.html import read_prose
from pilot.report.write import write_report
from pilot.run import Request, run
from schemas.checks import Verdict
from schemas.report import Report
from schemas.uploads import Mode, OnConflict

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_FAILED = 3


class Lang(StrEnum):
    EN = "en"
    JA = "ja"


_STYLES = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.NOT_DECISIVE: "yellow"}
_EXISTING = {"exists": True, "dir_okay": False, "readable": True}


@app.callback()
def pilot() -> None:
    """Measure how well a memory holds a table of facts."""


@app.command("run")
def run_command(  # noqa: PLR0917 - typer reads the options from the parameters
    file: Annotated[Path, typer.Argument(metavar="FACTS.csv", help="subject, relation, answer", **_EXISTING)],
    out: Annotated[Path, typer.Option(help="where the report goes", file_okay=False)] = Path("pilot-report"),
    url: Annotated[str | None, typer.Option(help="a running service; without it one is started")] = None,
    api_key: Annotated[str | None, typer.Option(envvar="FACTSTORE_API_KEY", help="goes with --url")] = None,
    dictionary: Annotated[str | None, typer.Option(help="id or name; made when there is none")] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="judge this memory or alias of --dictionary, in which nothing is stored or trained"),
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(metavar="Q.csv", help="question, subject, relation, answer", **_EXISTING)
    ] = None,
    gate: Annotated[
        Path | None, typer.Option(metavar="GATE.toml", help="limits; see docs/gate.md", **_EXISTING)
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="RECIPE.json", help="how the memory is built", **_EXISTING)
    ] = None,
    lang: Annotated[Lang, typer.Option(help="language of report.html")] = Lang.EN,
    mode: Annotated[Mode, typer.Option(help="replace makes the dictionary equal to the file")] = Mode.UPSERT,
    on_conflict: Annotated[OnConflict, typer.Option(help="one pair with several answers")] = OnConflict.REFUSE,
    encoding: Annotated[str | None, typer.Option(help="utf-8, cp932, euc_jp, utf-16, ...")] = None,
    delimiter: Annotated[str | None, typer.Option(help="one character")] = None,
    header: Annotated[str, typer.Option(help="auto, none, or three names: subject,relation,answer")] = "auto",
    probes: Annotated[int, typer.Option(min=1, help="never-taught questions of each kind")] = 10_000,
    changes: Annotated[
        bool, typer.Option(help="also change, delete and roll back facts, on a scratch copy that is removed afterwards")
    ] = True,
    seed: Annotated[int, typer.Option(help="of the samples drawn")] = 0,
) -> None:
    """Load FACTS.csv, train a memory, ask it everything, and write report.json, report.html and report.junit.xml."""
    request = Request(
        file=file,
        command=_command(),
        options=Options(mode, on_conflict, encoding, delimiter, header),
        address=_address(url, api_key),
        dictionary=dictionary,
        memory=memory,
        questions=questions,
        gate=gate,
        recipe=recipe,
        plan=Plan(probes=probes, seed=seed, changes=changes),
    )
    if memory is not None and (url is None or dictionary is None):
        raise typer.BadParameter("--memory needs --url and --dictionary")
    with Steps() as steps:
        report = run(request, steps.update)
        page = write_report(report, out, lang)
    _print(report, page)
    raise typer.Exit(0 if report.verdict is Verdict.PASS else 1)


def main() -> None:
    """Every end has its exit code: 1 is kept for a report that did not pass, so a defect of the pilot's own is 3."""
    end_in_order()
    try:
        app()
    except PilotError as error:
        Console(stderr=True).print(f"pilot: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except Exception:  # noqa: BLE001 - the last line of defence, so that the exit code stays true
        traceback.print_exc()
        sys.exit(_FAILED)


def end_in_order() -> None:
    """A signal unwinds the stack: scratch copies and the embedded service go on the way out."""
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda received, _: sys.exit(128 + received))


def _address(url: str | None, api_key: str | None) -> Address | None:
    if url is None:
        return None
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("--url begins with http:// or https://")
    if api_key is None:
        raise typer.BadParameter("--url needs --api-key (or FACTSTORE_API_KEY)")
    return Address(url.rstrip("/"), api_key)


def _command() -> str:
    """The command line as it was given, without the key."""
    words = ["python", "-m", "pilot", *sys.argv[1:]]
    hidden = ["KEY" if before == "--api-key" else word for before, word in zip(["", *words], words, strict=False)]
    return shlex.join("--api-key=KEY" if word.startswith("--api-key=") else word for word in hidden)


def _print(report: Report, page: Path) -> None:
    prose = read_prose("en")
    table = Table(box=None, pad_edge=False, show_edge=False)
    for title in ("check", "right", "of", "rate", "wrong", "abstained", "result"):
        table.add_column(title, justify="left" if title in {"check", "result"} else "right")
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
    console = Console()
    console.print(table)
    console.print(f"\n{_coloured(report.verdict)}  ", end="")
    console.print(str(page), markup=False, highlight=False, soft_wrap=True)


def _coloured(verdict: Verdict) -> str:
    return f"[{_STYLES[verdict]}]{verdict.replace('_', ' ')}[/]"
