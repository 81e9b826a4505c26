"""The options of the commands, in groups, and the requests that they stand for."""

import inspect
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from pilot.checks.target import CheckPlan
from pilot.client import tidy_key
from pilot.embedded import ServiceAddress
from pilot.errors import UnusableInput
from pilot.laboratory import LaboratoryPlan
from pilot.reading import ReadingOptions
from pilot.run import RunRequest
from schemas.experiments import ExperimentId
from schemas.keys import holds_key
from schemas.uploads import Layout, Mode, OnConflict

_SINGLES, _BATCHES = 500, 5
_EXISTING = {"exists": True, "dir_okay": False, "readable": True}


class Lang(StrEnum):
    """The languages of the report."""

    EN = "en"
    JA = "ja"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of every command that makes a report. changes: None stands for the command's default."""

    file: Annotated[Path, typer.Argument(metavar="FACTS.csv", help="subject, relation, answer", **_EXISTING)]
    out: Annotated[Path, typer.Option(help="folder of the report", file_okay=False)] = Path("pilot-report")
    url: Annotated[str | None, typer.Option(help="address of a running service; without it, one is started")] = None
    api_key: Annotated[str | None, typer.Option(envvar="FACTSTORE_API_KEY", help="API key for --url")] = None
    dictionary: Annotated[str | None, typer.Option(help="id or name; created if there is none")] = None
    memory: Annotated[
        str | None,
        typer.Option(help="judge this memory or alias of --dictionary; nothing is stored or trained in it"),
    ] = None
    questions: Annotated[
        Path | None, typer.Option(metavar="Q.csv", help="question, subject, relation, answer", **_EXISTING)
    ] = None
    gate: Annotated[Path | None, typer.Option(metavar="GATE.toml", help="limits; see docs/gate.md", **_EXISTING)] = None
    recipe: Annotated[Path | None, typer.Option(metavar="RECIPE.json", help="how the memory is built", **_EXISTING)] = (
        None
    )
    lang: Annotated[Lang, typer.Option(help="language of report.html and the terminal")] = Lang.EN
    mode: Annotated[Mode, typer.Option(help="replace makes the dictionary equal to the file")] = Mode.UPSERT
    on_conflict: Annotated[OnConflict, typer.Option(help="what to do with several answers for one pair")] = (
        OnConflict.REFUSE
    )
    encoding: Annotated[str | None, typer.Option(help="utf-8, cp932, euc_jp, utf-16, ...")] = None
    delimiter: Annotated[str | None, typer.Option(help="one character")] = None
    header: Annotated[str, typer.Option(help="auto, none, or three names: subject,relation,answer")] = "auto"
    layout: Annotated[Layout, typer.Option(help="wide: one subject a row, one relation a column")] = Layout.LONG
    subject: Annotated[str | None, typer.Option(metavar="A,B", help="wide: the columns that make the subject")] = None
    relations: Annotated[
        str | None, typer.Option(metavar="A,B", help="wide: the columns to take; all others by default")
    ] = None
    ignore: Annotated[str | None, typer.Option(metavar="A,B", help="wide: the columns to leave out")] = None
    sheet: Annotated[str | None, typer.Option(metavar="NAME", help="the worksheet to read, or all")] = None
    probes: Annotated[
        int, typer.Option(min=1, envvar="FACTSTORE_PILOT_PROBES", help="never-taught questions of each kind")
    ] = 10_000
    timed: Annotated[
        int,
        typer.Option(
            min=1,
            envvar="FACTSTORE_PILOT_TIMED",
            help="recalls timed one at a time; a hundredth as many batches of 10,000 are timed too",
        ),
    ] = 2_000
    changes: Annotated[
        bool | None,
        typer.Option(
            "--changes/--no-changes",
            help="change, delete and roll back facts on a scratch copy that is removed afterwards; the default is yes"
            " for run and no for laboratory",
        ),
    ] = None
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="seed of all random samples")] = 0

    def to_request(self, *, changes: bool) -> RunRequest:
        """Return the request; `changes` is the command's default. Raises typer.BadParameter if options conflict."""
        if self.memory is not None and (self.url is None or self.dictionary is None):
            raise typer.BadParameter("--memory needs --url and --dictionary")
        return RunRequest(
            file=self.file,
            command=_command_line(),
            options=ReadingOptions(**{each.name: getattr(self, each.name) for each in fields(ReadingOptions)}),
            address=_to_address(self.url, self.api_key),
            dictionary=self.dictionary,
            memory=self.memory,
            questions=self.questions,
            gate=self.gate,
            recipe=self.recipe,
            plan=CheckPlan(
                probes=self.probes,
                singles=self.timed,
                batches=max(1, self.timed // 100),
                seed=self.seed,
                changes=changes if self.changes is None else self.changes,
            ),
        )


@dataclass(frozen=True, slots=True)
class LaboratoryOptions:
    """Which experiments, and for how long; the other options are for `budget` alone."""

    experiments: Annotated[
        str | None, typer.Option(metavar="A,B", help=f"some of {', '.join(ExperimentId)}; all by default")
    ] = None
    minutes: Annotated[
        float, typer.Option(min=0.01, max=1440, help="for everything, including training and checks")
    ] = 15
    facts: Annotated[
        int | None,
        typer.Option(min=1, max=10**12, help="budget: how many facts to hold; as many as the file by default"),
    ] = None
    latency_ms: Annotated[
        float, typer.Option(min=0.001, max=60_000, help="budget: the slowest single recall allowed")
    ] = 50.0
    core_hour: Annotated[float, typer.Option(min=0, max=10_000, help="budget: price of a CPU core per hour")] = 0.05
    gpu_hour: Annotated[float, typer.Option(min=0, max=10_000, help="budget: price of a GPU per hour")] = 2.5

    def add_to(self, request: RunRequest) -> RunRequest:
        """Add the experiments to a request, and let the checks ask less, so that the minutes go to the experiments.

        Raises typer.BadParameter for an unknown experiment.
        """
        plan = replace(request.plan, singles=_SINGLES, batches=_BATCHES)
        return replace(request, plan=plan, laboratory=self._laboratory())

    def _laboratory(self) -> LaboratoryPlan:
        return LaboratoryPlan(
            experiments=_parse_experiments(self.experiments),
            seconds=60 * self.minutes,
            facts=self.facts,
            latency_ms=self.latency_ms,
            core_hour=self.core_hour,
            gpu_hour=self.gpu_hour,
        )


def _parse_experiments(named: str | None) -> tuple[ExperimentId, ...]:
    if named is None:
        return tuple(ExperimentId)
    known = ", ".join(ExperimentId)
    wanted = [word.strip() for word in named.split(",") if word.strip()]
    if not wanted:
        raise typer.BadParameter(f"--experiments is empty; choose from {known}")
    if strange := [word for word in wanted if word not in set(ExperimentId)]:
        raise typer.BadParameter(f"unknown experiment {', '.join(map(repr, strange))}; choose from {known}")
    return tuple(each for each in ExperimentId if each in wanted)


def _to_address(url: str | None, api_key: str | None) -> ServiceAddress | None:
    if url is None:
        return None
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("--url must begin with http:// or https://")
    if "@" in url:
        raise typer.BadParameter("--url takes no user and no password: the report repeats it")
    if api_key is None:
        raise typer.BadParameter("--url needs --api-key (or FACTSTORE_API_KEY)")
    try:
        return ServiceAddress(url.rstrip("/"), tidy_key(api_key))
    except ValueError as error:
        raise typer.BadParameter(f"--api-key: {error}") from None


def check_for_keys(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Raise UnusableInput where another option than --api-key holds an API key: messages and reports repeat them."""
    others = _without_key(words)
    given = [word.removeprefix("--api-key=") for word, other in zip(words, others, strict=True) if word != other]
    known = [key.strip() for key in (*given, environment.get("FACTSTORE_API_KEY", ""))]
    if any(holds_key(word, known) for word in others):
        raise UnusableInput("an option holds an API key: a key belongs into --api-key only", "stray_key")


def _command_line() -> str:
    """Return the command line as it was given, without the key."""
    return shlex.join(["python", "-m", "pilot", *_without_key(sys.argv[1:])])


def _without_key(words: Sequence[str]) -> list[str]:
    """The words of a command line with `KEY` in place of the API key."""
    hidden = ["KEY" if before == "--api-key" else word for before, word in zip(["", *words], words, strict=False)]
    return ["--api-key=KEY" if word.startswith("--api-key=") else word for word in hidden]


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take dataclasses of options; typer sees the fields of all of them as parameters side by side."""
    hints: dict[str, type] = get_type_hints(command)
    groups = {name: kind for name, kind in hints.items() if is_dataclass(kind)}

    @wraps(command)
    def called(**given: Any) -> None:
        command(**{name: kind(**_fields_of(kind, given)) for name, kind in groups.items()})

    del called.__wrapped__  # or the signature would be the inner one's
    flat = [parameter for kind in groups.values() for parameter in _to_parameters(kind)]
    called.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return called


def _fields_of(kind: type, given: dict[str, Any]) -> dict[str, Any]:
    return {each.name: given[each.name] for each in fields(kind)}


def _to_parameters(kind: type) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for each in fields(kind):
        yield inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=_default_of(each), annotation=hints[each.name]
        )


def _default_of(each: "Field[Any]") -> object:
    return inspect.Parameter.empty if each.default is MISSING else each.default
