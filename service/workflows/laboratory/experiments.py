"""Experiments: ordered and listed by callers, and run by the worker in a process of their own.

The process has a lower priority than trainings. It can be killed at any moment, as its trials are remembered one by
one; its memory goes with it, and what it does to the threads of numerical libraries concerns nobody else.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from select import select
from typing import Any

import structlog

from schemas.experiments import ExperimentList, ExperimentRequest
from schemas.jobs import Job, JobKind
from schemas.problems import Code
from service.errors import FactStoreError, NotFound, Unprocessable
from service.storage import Database, dictionaries, idempotency, jobs, lookup
from service.storage.dictionaries import check_holds_facts, get_dictionary
from service.workflows.audit import Act, Auditor, Event
from service.workflows.cursors import Asked, read_page
from service.workflows.jobs.attempt import Attempt
from service.workflows.versions.memories import add_job, get_queued_job


def order(
    db: Database, auditor: Auditor, ref: str, wanted: ExperimentRequest, *, by: str, idempotency_key: str | None
) -> Job:
    """Queue an experiment on the facts that the ledger holds now. Raises NotFound, Unprocessable (no_usable_row),
    Conflict (idempotency_key_reused).
    """
    request = idempotency.Request.of(by, idempotency_key, f"experiments {wanted.model_dump_json()}")
    with db.writing() as tx:
        row = get_dictionary(tx, ref)
        if earlier := idempotency.earlier_reply(tx, row.number, request):
            return get_queued_job(tx, earlier["job"])
        check_holds_facts(row)
        params = {"request": wanted.model_dump(mode="json"), "ledger_version": row.ledger_version}
        job = add_job(tx, jobs.Order(JobKind.EXPERIMENT, row.number, params, by), request)
        auditor.record(tx, Event(Act.EXPERIMENT, by, row.id, details={"job": job.id, "kind": wanted.kind}))
    return job


def list_experiments(db: Database, ref: str, asked: Asked) -> ExperimentList:
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        page, cursor = read_page(asked, ("experiments", row.id), partial(jobs.list_experiments, tx, row.number))
    return ExperimentList(experiments=page, cursor=cursor)


log = structlog.get_logger()

COMMAND = (sys.executable, "-m", "service.workflows.laboratory.process")
ALONE = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy computes in its caller's thread: the bench has one for each core."""


def run_experiment(attempt: Attempt) -> None:
    """Run the experiment; the document is the job's result. Raises Cancelled, Interrupted, LeaseLost, Unprocessable,
    NotFound.
    """
    _check(attempt)
    with _process(attempt) as process:
        document = _follow(attempt, process)
    with attempt.db.writing() as tx:
        jobs.succeed(tx, attempt.claim, document)


def _check(attempt: Attempt) -> None:
    """Raise Unprocessable where a purge has taken every fact since the experiment was ordered."""
    with attempt.db.reading() as tx:
        row = dictionaries.find(tx, attempt.claim.dictionary)
        if row is None:
            raise NotFound("no such dictionary")
        _, facts = lookup.count_sizes(tx, row.number, attempt.claim.params["ledger_version"], None)
    if not facts:
        raise Unprocessable("the dictionary holds no facts", code=Code.NO_USABLE_ROW)


@contextmanager
def _process(attempt: Attempt) -> "Iterator[subprocess.Popen[str]]":
    """The process of the experiment. It ends with this block, or with its standard input: when the worker dies."""
    environment = os.environ | attempt.settings.environment() | ALONE
    assignment = Assignment(dictionary=attempt.claim.dictionary, **attempt.claim.params)
    process = subprocess.Popen(  # noqa: S603 - our own command
        COMMAND, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        try:
            print(assignment.to_json(), file=process.stdin, flush=True)
            yield process
        finally:
            process.kill()


def _follow(attempt: Attempt, process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The document, once the process has sent it; meanwhile the job shows the progress."""
    last = Line()
    for line in lines(process):
        last = line or last
        if last.document is not None:
            return last.document
        if last.error is not None:
            log.error("experiment failed", job=attempt.claim.id, error=last.error)
            raise FactStoreError("the experiment failed")
        attempt.progress(last.progress, last.step)
    raise FactStoreError(f"the experiment's process ended by itself (exit code {process.wait()})")


LOOK_EVERY = 0.25  # seconds
CHUNK = 2**16  # bytes


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the process reads on its standard input; it answers with a `Line` of JSON after another.

    request: an `ExperimentRequest` as JSON; the facts are those of the ledger's version.
    """

    dictionary: str
    ledger_version: int
    request: dict[str, Any]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Assignment":
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Line:
    """Progress in this step; or the document; or the kind and place of an error, whose message may hold names."""

    progress: float = 0.0
    step: str = "starting"
    document: dict[str, Any] | None = None
    error: str | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), allow_nan=False)


def lines(process: "subprocess.Popen[str]") -> Iterator[Line | None]:
    """The lines of the process's standard output until it ends; None now and then while there is none."""
    begun, out = b"", process.stdout
    while out is not None:
        if not select([out], [], [], LOOK_EVERY)[0]:
            yield None
            continue
        if not (read := os.read(out.fileno(), CHUNK)):
            return
        *whole, begun = (begun + read).split(b"\n")
        yield from (Line(**json.loads(line)) for line in whole)
