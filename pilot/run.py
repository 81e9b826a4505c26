"""The main job: read a file, train a memory, ask it, and build the report."""

import csv
import io
import json
import os
import platform
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pilot.checks.privacy import ServiceSetting
from pilot.checks.questions import Question, read_questions
from pilot.checks.scratch import may_make_scratch
from pilot.checks.target import CheckPlan, CheckTarget
from pilot.client import FactStore, Progress
from pilot.embedded import ServiceAddress, embedded_service
from pilot.errors import PilotError, Refused, UnusableInput, explain
from pilot.gate import ReportGate, judge, read_report_gate
from pilot.information import measure_information
from pilot.laboratory import ExperimentOutcome, ExperimentSetting, LaboratoryPlan, conduct_experiments
from pilot.reading import Pair, Reading, ReadingOptions, read_facts
from pilot.report.document import Evidence, build_report, get_stated_bound
from pilot.suite import CheckSuite
from schemas.dictionaries import Dictionary
from schemas.memories import AnyRecipe, MemoryInfo, is_resolved
from schemas.report import Report, Run
from schemas.uploads import Layout, OnConflict, Receipt

_OF_ANY_TABLE = ("profile", "solver", "rows", "false_answers", "weight_bits", "seed", "layers")
_RECIPES: TypeAdapter[AnyRecipe] = TypeAdapter(AnyRecipe)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run should do.

    Without `address` it starts a service of its own. With `memory` it uploads and trains nothing, but judges that
    memory of the dictionary against the file. With `laboratory`, experiments follow. `command` is quoted in the report.
    """

    file: Path
    command: str
    options: ReadingOptions = field(default_factory=ReadingOptions)
    address: ServiceAddress | None = None
    dictionary: str | None = None
    memory: str | None = None
    questions: Path | None = None
    gate: Path | None = None
    recipe: Path | None = None
    plan: CheckPlan = field(default_factory=CheckPlan)
    laboratory: LaboratoryPlan | None = None


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The smaller files, which are read before anything is started."""

    gate: ReportGate
    questions: list[Question]
    recipe: dict[str, object] | None


def run(request: RunRequest, progress: Progress) -> Report:
    """Do what the request says and return the report. Raises PilotError; failing the gate is a result, not an error."""
    started, clock = datetime.now(UTC), time.perf_counter()
    inputs = _Inputs(
        gate=read_report_gate(request.gate),
        questions=read_questions(request.questions) if request.questions else [],
        recipe=_read_recipe(request),
    )
    progress(0.0, "starting the service" if request.address is None else "calling the service")
    with (
        _service(request.address) as address,
        FactStore(address.url, address.api_key) as store,
        _dictionary(store, request) as dictionary,
    ):
        evidence = _measure(store, address, dictionary, request, inputs, progress)
        if request.laboratory is not None:
            false_answers = get_stated_bound(evidence.memory)
            ends = clock + request.laboratory.seconds
            bench = ExperimentSetting(store, dictionary.id, ends, request.plan.seed, false_answers)
            evidence = _with_experiments(evidence, conduct_experiments(request.laboratory, bench, progress))
    how = Run(
        started_at=started,
        seconds=time.perf_counter() - clock,
        command=request.command,
        pilot_version=version("fact-store-pilot-kit"),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU, Python {platform.python_version()}",
        seed=request.plan.seed,
        embedded=request.address is None,
    )
    return build_report(evidence, how)


@contextmanager
def _service(address: ServiceAddress | None) -> Iterator[ServiceAddress]:
    if address is not None:
        yield address
    else:
        with embedded_service() as own:
            yield own


def _measure(  # noqa: PLR0917 - each part stands for itself
    store: FactStore,
    address: ServiceAddress,
    dictionary: Dictionary,
    request: RunRequest,
    inputs: _Inputs,
    progress: Progress,
) -> Evidence:
    """Upload, read, train and check. The service reads the file first, because its error is the better message."""
    progress(0.0, "uploading the file")
    receipt = store.upload(dictionary.id, request.file, request.options, dry_run=request.memory is not None)
    progress(0.5, "reading the file independently")
    reading = _read(request, receipt)
    memory = _memory(store, dictionary, request, inputs, progress)
    target = CheckTarget(
        store=store,
        dictionary=dictionary.id,
        memory=memory.id,
        taught=reading.taught,
        lines=reading.lines,
        elsewhere=reading.mentioned | _taught_elsewhere(store, dictionary, memory, reading),
        priority=inputs.gate.select_priority(reading.taught),
    )
    setting = ServiceSetting(
        recipe=_of_any_table(inputs.recipe if request.memory is None else memory.recipe),
        memories=address.memories,
        scratch=request.plan.changes and may_make_scratch(store),
    )
    outcome = CheckSuite(target, request.plan, inputs.questions, setting, progress).run()
    return Evidence(
        file=request.file,
        dictionary=dictionary.name,
        receipt=receipt,
        reading=reading,
        information=measure_information(reading),
        memory=memory,
        checks=outcome.checks,
        left_out=outcome.left_out,
        thresholds=judge(inputs.gate, outcome.checks, get_stated_bound(memory)),
    )


def _with_experiments(evidence: Evidence, conducted: ExperimentOutcome) -> Evidence:
    left_out = [*evidence.left_out, *conducted.left_out]
    return replace(evidence, experiments=conducted.experiments, left_out=left_out)


def _read(request: RunRequest, receipt: Receipt) -> Reading:
    """The pilot's own reading; where it cannot tell how to read by itself, as the receipt states it was read."""
    try:
        return read_facts(request.file, request.options)
    except UnusableInput:
        is_named = request.options.header == "auto" and receipt.layout is Layout.LONG and receipt.columns
        columns = [receipt.columns[role] for role in ("subject", "relation", "answer")] if is_named else []
        stated = replace(
            request.options,
            encoding=receipt.encoding,
            delimiter=receipt.delimiter,
            header=_csv_line(columns) if columns else request.options.header,
        )
        return read_facts(request.file, stated)


def _csv_line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


@contextmanager
def _dictionary(store: FactStore, request: RunRequest) -> Iterator[Dictionary]:
    """Get the dictionary of the request, or make one unless a memory of it is to be judged.

    One that was made for this run alone is removed when the run fails.
    """
    if request.memory is not None and not any(
        request.dictionary in (held.id, held.name) for held in store.list_dictionaries()
    ):
        raise UnusableInput(f"there is no dictionary {request.dictionary}", "no_dictionary", name=request.dictionary)
    dictionary = _make_dictionary(store, request)
    try:
        yield dictionary
    except BaseException:
        if request.dictionary is None:
            with suppress(PilotError):  # the first error is the one to report
                store.delete_dictionary(dictionary.id)
        raise


def _make_dictionary(store: FactStore, request: RunRequest) -> Dictionary:
    """Get or make the dictionary. A file may be called like a word of the service, which it takes for no name."""
    if request.dictionary is not None:
        return store.get_or_create_dictionary(request.dictionary)
    name = _fresh_name(request)
    try:
        return store.create_dictionary(name)
    except Refused as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        return store.create_dictionary(f"facts of {name}")


def _fresh_name(request: RunRequest) -> str:
    """Make a name. A run without --dictionary must not write into one in use, so with --url the name has the time."""
    stem = re.sub(r"[/\\?#%]", " ", "".join(filter(str.isprintable, request.file.stem))).strip()[:150] or "facts"
    return stem if request.address is None else f"{stem} {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"


def _memory(
    store: FactStore, dictionary: Dictionary, request: RunRequest, inputs: _Inputs, progress: Progress
) -> MemoryInfo:
    """Get the memory to judge: the one that was named, or one that is trained now."""
    if request.memory is None:
        return store.get_memory(
            store.train_and_wait(dictionary.id, inputs.recipe, lambda share, step: progress(share, f"training: {step}"))
        )
    for memory in store.list_memories(dictionary.id):
        if request.memory == memory.id or request.memory in memory.aliases:
            return memory
    raise UnusableInput(f"the dictionary has no memory {request.memory}", "no_memory", name=request.memory)


def _of_any_table(recipe: dict[str, object] | None) -> dict[str, object] | None:
    """Return the recipe without the sizes that were resolved for its own table, so that it fits any table."""
    if recipe is None or not is_resolved(recipe):
        return recipe
    return {name: recipe[name] for name in _OF_ANY_TABLE if name in recipe}


def _taught_elsewhere(store: FactStore, dictionary: Dictionary, memory: MemoryInfo, reading: Reading) -> set[Pair]:
    """Return the pairs that the dictionary held before this file. The memory knows them, so they are not probes."""
    if memory.pairs == len(reading.taught):
        return set()
    with tempfile.TemporaryDirectory(prefix="pilot-") as folder:
        path = Path(folder, "ledger.csv")
        path.write_bytes(store.export(dictionary.id))
        return read_facts(path, ReadingOptions(on_conflict=OnConflict.MANY, encoding="utf-8", delimiter=",")).mentioned


def _read_recipe(request: RunRequest) -> dict[str, object] | None:
    """Read RECIPE.json. A resolved recipe names relations by hashes under its dictionary's key, so it fits no other."""
    if request.recipe is None:
        return None
    try:
        recipe: dict[str, object] = json.loads(request.recipe.read_text(encoding="utf-8"))
        _RECIPES.validate_python(recipe)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, ValidationError) as error:
        why = explain(error)
        raise UnusableInput(f"the recipe cannot be used: {why}", "recipe_unusable", why=why) from None
    if is_resolved(recipe) and (request.address is None or request.dictionary is None):
        raise UnusableInput(
            "a resolved recipe works only for the dictionary of its memory: set --url and --dictionary",
            "recipe_of_another_dictionary",
        )
    return recipe
