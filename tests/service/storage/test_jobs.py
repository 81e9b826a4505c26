"""The queue: a job is done once, by whoever holds its lease."""

from datetime import timedelta

import pytest

from schemas.jobs import JobKind, JobState
from service.errors import Cancelled
from service.storage import Database, dictionaries, jobs

LONG, OVER = timedelta(seconds=60), timedelta(seconds=-1)


def queued(db: Database) -> str:
    with db.writing() as tx:
        dictionary = dictionaries.find(tx, "d") or dictionaries.add(tx, "d")
        return jobs.add(tx, jobs.Order(JobKind.TRAIN, dictionary.number, {}, "key")).id


def claimed(db: Database, worker: str, lease: timedelta = LONG) -> jobs.Claim | None:
    with db.writing() as tx:
        return jobs.claim(tx, worker, lease)


def state(db: Database, job: str) -> JobState:
    with db.reading() as tx:
        found = jobs.find(tx, job)
    assert found is not None
    return found.state


def test_a_job_is_claimed_by_one_worker_in_order(db: Database) -> None:
    """The oldest comes first, and nobody gets one that is held."""
    first, second = queued(db), queued(db)
    held = [claimed(db, "a"), claimed(db, "b"), claimed(db, "c")]
    assert [claim and claim.id for claim in held] == [first, second, None]


def test_a_worker_may_ask_for_some_kinds(db: Database) -> None:
    """Jobs of other kinds are left for others, and do not count as waiting."""
    training = queued(db)
    with db.writing() as tx:
        dictionary = dictionaries.find(tx, "d")
        assert dictionary is not None
        report = jobs.add(tx, jobs.Order(JobKind.REPORT, dictionary.number, {}, "key")).id
    with db.writing() as tx:
        held = jobs.claim(tx, "a", LONG, kinds={JobKind.REPORT})
        assert held is not None
        assert held.id == report
        assert jobs.claim(tx, "a", LONG, kinds={JobKind.REPORT}) is None
        assert not jobs.waiting(tx, {JobKind.REPORT})
    last = claimed(db, "a")
    assert last is not None
    assert last.id == training


def test_a_lease_that_runs_out_frees_the_job_and_fences_its_holder(db: Database) -> None:
    """The next worker gets the job as another attempt; the first can neither renew it nor end it any more."""
    job = queued(db)
    first, second = claimed(db, "a", OVER), claimed(db, "b")
    assert first is not None
    assert second is not None
    assert (second.id, second.attempt) == (job, 2)
    with db.writing() as tx, pytest.raises(jobs.LeaseLost):
        jobs.renew(tx, first, LONG, 0.5, "solving")
    with db.writing() as tx, pytest.raises(jobs.LeaseLost):
        jobs.succeed(tx, first, {})
    with db.writing() as tx:
        jobs.succeed(tx, second, {"memory": "m"})
    assert state(db, job) is JobState.SUCCEEDED


def test_a_dead_worker_s_lease_can_be_ended_at_once(db: Database) -> None:
    """Whoever knows that a worker is dead frees its jobs, and no other's."""
    queued(db)
    other = queued(db)
    claimed(db, "dead")
    claimed(db, "alive")
    with db.writing() as tx:
        jobs.free(tx, "dead")
    again = claimed(db, "new")
    assert again is not None
    assert again.id != other
    assert claimed(db, "new") is None


def test_a_queued_job_is_cancelled_at_once_and_never_claimed(db: Database) -> None:
    """Cancelling it leaves nothing for a worker."""
    job = queued(db)
    with db.writing() as tx:
        jobs.cancel(tx, job, Cancelled("stop").problem())
    assert state(db, job) is JobState.CANCELLED
    assert claimed(db, "a") is None


def test_an_acknowledged_cancellation_wins_over_success(db: Database) -> None:
    """A running job that was told to stop cannot succeed any more; the worker learns of it as it renews."""
    job = queued(db)
    held = claimed(db, "a")
    assert held is not None
    with db.writing() as tx:
        jobs.cancel(tx, job, Cancelled("stop").problem())
    with db.writing() as tx:
        assert jobs.renew(tx, held, LONG, 0.5, "solving")
    with db.writing() as tx, pytest.raises(Cancelled):
        jobs.succeed(tx, held, {})


def test_a_job_given_back_is_claimed_again_as_the_same_attempt(db: Database) -> None:
    """A worker that is told to stop does not use up one of the job's attempts."""
    queued(db)
    held = claimed(db, "a")
    assert held is not None
    with db.writing() as tx:
        jobs.give_back(tx, held)
    again = claimed(db, "b")
    assert again is not None
    assert again.attempt == 1


def test_a_cancelled_ended_job_stays_as_it_is(db: Database) -> None:
    """Cancelling what has succeeded changes nothing."""
    job = queued(db)
    held = claimed(db, "a")
    assert held is not None
    with db.writing() as tx:
        jobs.succeed(tx, held, {})
        jobs.cancel(tx, job, Cancelled("stop").problem())
    assert state(db, job) is JobState.SUCCEEDED
