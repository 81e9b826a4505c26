"""However a job's work ends, the job says so, and no more than it may."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from schemas.jobs import Job, JobKind, JobState
from schemas.problems import Code
from service.errors import TrainingFailed
from service.resources import Lacking
from service.settings import Settings
from service.storage import Database, dictionaries, jobs, purge
from service.workflows.jobs.attempt import Attempt
from service.workflows.jobs.jobs import find, perform
from tests.running import PATIENCE


def performed(db: Database, settings: Settings, work: Callable[[Attempt], None], *, claims: int = 1) -> Job:
    """The job after its last claim was worked on; the claims before ran out."""
    with db.writing() as tx:
        dictionary = dictionaries.add(tx, "d").number
        job = jobs.add(tx, jobs.Order(JobKind.TRAIN, dictionary, {}, "key"))
    for number in range(claims):
        lease = timedelta(seconds=60 if number == claims - 1 else -1)
        with db.writing() as tx:
            claim = jobs.claim(tx, "worker", lease)
    assert claim is not None
    perform(Attempt(db, settings, claim, Event()), {JobKind.TRAIN: work})
    return find(db, job.id)


def test_a_known_error_is_the_job_s_problem(db: Database, settings: Settings) -> None:
    """A training that fails names its facts in the problem."""
    facts = [{"subject": "a", "relation": "r"}]

    def fails(attempt: Attempt) -> None:
        raise TrainingFailed("no memory holds every fact", facts=facts)

    job = performed(db, settings, fails)
    assert job.problem is not None
    assert (job.state, job.problem.code, job.problem.extra) == (JobState.FAILED, Code.TRAINING_FAILED, {"facts": facts})


def test_an_unknown_error_says_nothing_of_itself(
    db: Database, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its message may hold names: neither the problem nor the log repeats it."""

    def breaks(attempt: Attempt) -> None:
        raise KeyError("confidential")

    job = performed(db, settings, breaks)
    assert job.problem is not None
    assert (job.state, job.problem.code) == (JobState.FAILED, Code.INTERNAL)
    assert "confidential" not in job.model_dump_json() + "".join(capsys.readouterr())


def test_a_job_whose_workers_keep_dying_ends(db: Database, settings: Settings) -> None:
    """After the last attempt it fails without being worked on again."""

    def must_not_run(attempt: Attempt) -> None:
        raise AssertionError

    job = performed(db, settings, must_not_run, claims=settings.max_attempts + 1)
    assert job.problem is not None
    assert (job.state, job.problem.code) == (JobState.FAILED, Code.UNAVAILABLE)


def lack_room(attempt: Attempt) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")


def test_a_job_that_lacks_room_is_tried_again(db: Database, settings: Settings) -> None:
    """It goes back to the queue, and its loop is told to wait."""
    with db.writing() as tx:
        job = jobs.add(tx, jobs.Order(JobKind.TRAIN, dictionaries.add(tx, "d").number, {}, "key"))
        claim = jobs.claim(tx, "worker", timedelta(seconds=60))
    assert claim is not None
    with pytest.raises(Lacking):
        perform(Attempt(db, settings, claim, Event()), {JobKind.TRAIN: lack_room})
    again = find(db, job.id)
    assert (again.state, again.attempts, again.problem) == (JobState.QUEUED, 1, None)


def test_a_job_that_lacks_room_for_long_says_so(db: Database, settings: Settings) -> None:
    """After as many attempts as may fail it ends with what was lacking."""
    job = performed(db, settings, lack_room, claims=settings.max_attempts)
    assert job.problem is not None
    assert (job.state, job.problem.code) == (JobState.FAILED, Code.DISK_FULL)


def test_a_removed_job_stops_its_worker(db: Database, settings: Settings) -> None:
    """Deleting the dictionary takes the lease away: the work is told at its next step, and nothing is written."""
    stopped = Event()

    def works_on(attempt: Attempt) -> None:
        with db.writing() as tx:
            row = dictionaries.find(tx, attempt.claim.dictionary)
            assert row is not None
            dictionaries.remove(tx, row.number)
        try:
            ended = time.monotonic() + PATIENCE
            while time.monotonic() < ended:
                Event().wait(0.05)
                attempt.progress(0.5, "working")
        finally:
            stopped.set()

    with pytest.raises(Exception, match="no such job"):
        performed(db, settings, works_on)
    assert stopped.is_set()


def test_purges_do_not_wear_a_job_out(db: Database, settings: Settings) -> None:
    """However often a purge takes a job from its worker, it is done in the end: none of that is the job's fault."""
    with db.writing() as tx:
        dictionary = dictionaries.add(tx, "d").number
        ordered = jobs.add(tx, jobs.Order(JobKind.TRAIN, dictionary, {}, "key"))
    for _ in range(settings.max_attempts + 2):
        with db.writing() as tx:
            assert jobs.claim(tx, "worker", timedelta(seconds=60)) is not None
            purge.restart_jobs(tx, dictionary)
    with db.writing() as tx:
        claim = jobs.claim(tx, "worker", timedelta(seconds=60))
    assert claim is not None

    def works(attempt: Attempt) -> None:
        with attempt.db.writing() as tx:
            jobs.succeed(tx, attempt.claim, {})

    perform(Attempt(db, settings, claim, Event()), {JobKind.TRAIN: works})
    assert find(db, ordered.id).state is JobState.SUCCEEDED
