"""Jobs: callers follow and cancel them, and workers do them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import structlog

from schemas.jobs import Job, JobKind, JobList, JobState
from service.errors import UNFORESEEN, Cancelled, FactStoreError, NotFound, Unavailable
from service.resources import find_lack
from service.settings import Settings
from service.storage import Database, jobs
from service.storage.dictionaries import get_dictionary
from service.workflows.audit import Act, Auditor, Event
from service.workflows.cursors import Asked, read_page
from service.workflows.jobs import checkpoints
from service.workflows.jobs.attempt import Attempt, Interrupted

log = structlog.get_logger()

Work = Callable[[Attempt], None]


def find(db: Database, job_id: str) -> Job:
    with db.reading() as tx:
        job = jobs.find(tx, job_id)
    if job is None:
        raise NotFound("no such job")
    return job


def list_jobs(db: Database, ref: str, asked: Asked) -> JobList:
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        page, cursor = read_page(asked, ("jobs", row.id), partial(jobs.list_page, tx, row.number))
    return JobList(jobs=page, cursor=cursor)


class Canceller(Protocol):
    """Who cancels: the id of its key, and what it may cancel."""

    @property
    def key(self) -> str: ...

    def require_cancel(self, kind: JobKind, dictionary: str, /) -> None: ...


def cancel(db: Database, auditor: Auditor, job_id: str, by: Canceller) -> Job:
    """Cancel a job: a queued one ends at once, a running one at its next step; one that has ended stays as it is.

    Raises NotFound, and Forbidden where the caller could not have ordered it.
    """
    with db.writing() as tx:
        owned = jobs.find_owner(tx, job_id)
        if owned is None:
            raise NotFound("no such job")
        dictionary, kind = owned
        by.require_cancel(kind, dictionary)
        if jobs.cancel(tx, job_id, Cancelled("the job was cancelled").problem()):
            auditor.record(tx, Event(Act.CANCEL, by.key, dictionary, details={"job": job_id, "kind": kind}))
    return find(db, job_id)


def perform(attempt: Attempt, kinds: Mapping[JobKind, Work]) -> None:
    """Do the job and record how it ended. An attempt that was interrupted or lost leaves the job to another worker.

    Raises Lacking where the machine lacked something and the job went back to the queue, as often as attempts may fail.
    """
    claim = attempt.claim
    try:
        _check_attempts(attempt.settings, claim.tries)
        with attempt:
            kinds[claim.kind](attempt)
    except Interrupted:
        with attempt.db.writing() as tx:
            jobs.give_back(tx, claim)
    except jobs.LeaseLost:
        log.warning("lease lost", job=claim.id, attempt=claim.attempt)
    except FactStoreError as error:
        _end(attempt, error)
    except Exception as error:  # noqa: BLE001 - its message may hold names: only its kind is reported
        log.error("job failed", job=claim.id, error=type(error).__name__)  # noqa: TRY400
        lack = find_lack(error)
        if lack is not None and claim.tries < attempt.settings.max_attempts:
            with attempt.db.writing() as tx:
                jobs.give_back(tx, claim, counted=True)
            raise lack from None  # whose loop waits before it takes the next job
        _end(attempt, lack or FactStoreError(UNFORESEEN))
    checkpoints.drop_if_ended(attempt.db, attempt.settings, claim.id)
    log.info("job ended", job=claim.id, kind=claim.kind)


def _check_attempts(settings: Settings, tries: int) -> None:
    """Raise Unavailable after too many tries: a job that kills its workers must not hold up the next one."""
    if tries > settings.max_attempts:
        raise Unavailable(f"the job's worker died {tries - 1} times")


def _end(attempt: Attempt, error: FactStoreError) -> None:
    state = JobState.CANCELLED if isinstance(error, Cancelled) else JobState.FAILED
    try:
        with attempt.db.writing() as tx:
            jobs.fail(tx, attempt.claim, state, error.problem())
    except jobs.LeaseLost:
        log.warning("lease lost", job=attempt.claim.id, attempt=attempt.claim.attempt)
