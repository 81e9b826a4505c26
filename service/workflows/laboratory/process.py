"""The process of one experiment: `python -m service.workflows.laboratory.process`, started by the worker."""

import os
import sys
import time
import traceback
from contextlib import closing, redirect_stdout
from pathlib import Path
from threading import Thread
from typing import IO, NoReturn

from schemas.experiments import Experiment, ExperimentRequest, Task
from service.errors import NotFound
from service.laboratory.bench import Asked, Bench
from service.laboratory.experiments import EXPERIMENTS
from service.laboratory.synthetic import factual_recall
from service.laboratory.tables import Table
from service.memory import Facts
from service.memory.devices import choose_device, one_thread_workers
from service.settings import Settings
from service.storage import Database, dictionaries, facts
from service.workflows.laboratory.trials import StoredTrials
from service.workflows.laboratory.wire import LOOK_EVERY, Assignment, Line

NICE = 10  # trainings and recalls come first
PACKAGE = Path(__file__).parents[2]


def main() -> NoReturn:
    """Ends at once, whatever its threads still compute: nobody waits for those trials any more."""
    os.nice(NICE)
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        last = _last_line(out)
    print(last, file=out, flush=True)
    os._exit(0)


def _last_line(out: IO[str]) -> str:
    try:
        assignment = Assignment.from_json(sys.stdin.readline())
        Thread(target=_end_with_the_worker, name="worker", daemon=True).start()
        return Line(document=_experiment(Settings(), assignment, Told(out)).model_dump(mode="json")).to_json()
    except Exception as error:  # noqa: BLE001 - its message may hold names: only its kind and place are told
        return Line(error=place(error)).to_json()


def _experiment(settings: Settings, assignment: Assignment, told: "Told") -> Experiment:
    told(0.0, "reading the ledger")
    device = choose_device(settings.device)
    with closing(Database(settings.database)) as db, one_thread_workers(device) as workers:
        asked, trials = _asked(db, assignment)
        bench = Bench(asked.request.seconds, device, workers, trials, told)
        return EXPERIMENTS[asked.request.kind](asked, bench)


def _asked(db: Database, assignment: Assignment) -> tuple[Asked, StoredTrials]:
    """Raises NotFound."""
    request = ExperimentRequest.model_validate(assignment.request)
    with db.reading() as tx:
        row = dictionaries.find(tx, assignment.dictionary)
        if row is None:
            raise NotFound("no such dictionary")
        trials = StoredTrials.before_reading(db, tx, row.number)
        held = facts.columns(tx, row.number, assignment.ledger_version)
    taught = Facts(held.subjects, held.relations, held.answers)
    tables = {Task.SYNTHETIC: factual_recall, Task.DICTIONARY: lambda: Table.of(taught)}
    return Asked(request, {task: tables[task]() for task in request.tasks}, taught), trials


class Told:
    """Progress as lines, a few a second."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._next = 0.0

    def __call__(self, fraction: float, step: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_EVERY
            print(Line(fraction, step).to_json(), file=self._out, flush=True)


def _end_with_the_worker() -> None:
    """Nothing more is ever said on the standard input: it ends when the worker does."""
    sys.stdin.read()
    os._exit(1)


def place(error: BaseException) -> str:
    """The kind of the error, and where in our own files it was raised, innermost last."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    own = [f"{file.relative_to(PACKAGE)}:{line}" for file, line in frames if file.is_relative_to(PACKAGE)]
    return " ".join([type(error).__name__, "at", *own])


if __name__ == "__main__":
    main()
