"""The work of an experiment's job: a process of its own does it, at a lower priority than trainings.

It can be killed at any moment, as its trials are remembered one by one; its memory goes with it; and what it does to
the threads of numerical libraries concerns nobody else.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from schemas.problems import Code
from service.errors import FactStoreError, NotFound, Unprocessable
from service.storage import dictionaries, jobs, lookup
from service.workflows.jobs.attempt import Attempt
from service.workflows.laboratory.wire import Assignment, Line, lines

log = structlog.get_logger()

COMMAND = (sys.executable, "-m", "service.workflows.laboratory.process")
ALONE = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy computes in its caller's thread: the bench has one for each core."""


def experiment(attempt: Attempt) -> None:
    """The job's result is the document. Raises Cancelled, Interrupted, LeaseLost, Unprocessable, NotFound."""
    _check(attempt)
    with _process(attempt) as process:
        document = _followed(attempt, process)
    with attempt.db.writing() as tx:
        jobs.succeed(tx, attempt.claim, document)


def _check(attempt: Attempt) -> None:
    """A purge may have taken every fact since the experiment was ordered."""
    with attempt.db.reading() as tx:
        row = dictionaries.find(tx, attempt.claim.dictionary)
        if row is None:
            raise NotFound("no such dictionary")
        _, facts = lookup.sizes(tx, row.number, attempt.claim.params["ledger_version"], None)
    if not facts:
        raise Unprocessable("the dictionary holds no facts", code=Code.NO_USABLE_ROW)


@contextmanager
def _process(attempt: Attempt) -> "Iterator[subprocess.Popen[str]]":
    """Ends with this block, and by itself when its standard input does: when the worker dies."""
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


def _followed(attempt: Attempt, process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The document; meanwhile the job shows the progress."""
    last = Line()
    for line in lines(process):
        last = line or last
        if last.document is not None:
            return last.document
        if last.error is not None:
            log.error("experiment failed", job=attempt.claim.id, error=last.error)
            raise FactStoreError("the experiment met an error of its own")
        attempt.progress(last.progress, last.step)
    raise FactStoreError(f"the experiment's process ended by itself (exit code {process.wait()})")
