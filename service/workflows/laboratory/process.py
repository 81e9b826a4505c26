"""The process of one experiment: `python -m service.workflows.laboratory.process`, started by the worker."""

import os
import sys
import time
import traceback
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, NoReturn

from schemas.experiments import Experiment, ExperimentRequest, Task
from service.errors import NotFound
from service.laboratory.bench import Bench, Inputs, Result
from service.laboratory.registry import EXPERIMENTS
from service.laboratory.synthetic import factual_recall
from service.laboratory.tables import Table
from service.memory import Facts
from service.memory.devices import choose_device, one_thread_workers
from service.settings import Settings
from service.storage import Database, Transaction, dictionaries, facts, purge, trials
from service.workflows.laboratory.experiments import LOOK_EVERY, Assignment, Line


class Purged(Exception):
    """Facts were purged, or their dictionary deleted, after this experiment had read them: nothing that it finds may be
    kept.
    """


@dataclass(frozen=True, slots=True)
class StoredTrials:
    """Trials as they are remembered in the database. purges: how many the dictionary had seen before its facts were
    read.
    """

    db: Database
    dictionary: int
    purges: int

    @classmethod
    def before_reading(cls, db: Database, tx: Transaction, dictionary: int) -> "StoredTrials":
        """Made before the facts are read, so that a purge in between counts as one that came after."""
        return cls(db, dictionary, purge.count(tx, dictionary))

    def get(self, digest: str) -> Result | None:
        with self.db.reading() as tx:
            return trials.find(tx, self.dictionary, digest)

    def put(self, digest: str, result: Result) -> None:
        """Remember the result of a trial. Raises Purged. The dictionary is locked meanwhile: a purge comes before this
        or finds the result.
        """
        with self.db.writing() as tx:
            if dictionaries.lock(tx, self.dictionary) is None or purge.count(tx, self.dictionary) != self.purges:
                raise Purged
            trials.keep(tx, self.dictionary, digest, result)


NICE = 10  # trainings and recalls come first
PACKAGE = Path(__file__).parents[2]


def main() -> NoReturn:
    """Conduct the experiment and end at once, whatever threads still compute, since nobody waits for their trials."""
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
        return Line(document=_experiment(Settings(), assignment, ProgressLines(out)).model_dump(mode="json")).to_json()
    except Exception as error:  # noqa: BLE001 - its message may hold names, so only its kind and place are reported
        return Line(error=locate(error)).to_json()


def _experiment(settings: Settings, assignment: Assignment, notify: "ProgressLines") -> Experiment:
    notify(0.0, "reading the ledger")
    device = choose_device(settings.device)
    with closing(Database(settings.database)) as db, one_thread_workers(device) as workers:
        inputs, trials = _read_inputs(db, assignment)
        bench = Bench(inputs.request.seconds, device, workers, trials, notify)
        return EXPERIMENTS[inputs.request.kind](inputs, bench)


def _read_inputs(db: Database, assignment: Assignment) -> tuple[Inputs, StoredTrials]:
    """Raises NotFound."""
    request = ExperimentRequest.model_validate(assignment.request)
    with db.reading() as tx:
        row = dictionaries.find(tx, assignment.dictionary)
        if row is None:
            raise NotFound("no such dictionary")
        trials = StoredTrials.before_reading(db, tx, row.number)
        held = facts.read_facts(tx, row.number, assignment.ledger_version)
    taught = Facts(held.subjects, held.relations, held.answers)
    tables = {Task.SYNTHETIC: factual_recall, Task.DICTIONARY: lambda: Table.from_facts(taught)}
    return Inputs(request, {task: tables[task]() for task in request.tasks}, taught), trials


class ProgressLines:
    """Progress as lines, a few a second."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._next = 0.0

    def __call__(self, fraction: float, step: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_EVERY
            print(Line(fraction, step).to_json(), file=self._out, flush=True)


def _end_with_the_worker() -> None:
    """Nothing more comes on the standard input, which ends when the worker does."""
    sys.stdin.read()
    os._exit(1)


def locate(error: BaseException) -> str:
    """The kind of the error, and where in our own files it was raised, innermost last."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    own = [f"{file.relative_to(PACKAGE)}:{line}" for file, line in frames if file.is_relative_to(PACKAGE)]
    return " ".join([type(error).__name__, "at", *own])


if __name__ == "__main__":
    main()
