"""A worker is woken when there is work, and does next to nothing while there is none."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import event

import service.worker
from schemas.jobs import JobKind, JobState
from service.bell import Bell, ring
from service.settings import Settings
from service.storage import Database, dictionaries, jobs
from service.storage.migrate import upgrade
from service.worker import LONGEST, LONGEST_WOKEN, SHORTEST, Worker
from tests.running import fresh_dictionary, running_service, train

FACTS = "subject,relation,answer\na,r,1\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path / "data")
    made.make_folders()
    db = Database(made.database)
    upgrade(db)
    db.close()
    return made


class Woken(Event):
    """Stands for the event a loop waits for: it never waits, but keeps how long it would have, and does what is to be
    done meanwhile.
    """

    def __init__(self, worker: Worker, waits: int, meanwhile: Callable[[int], bool] = lambda _: False) -> None:
        super().__init__()
        self.pauses: list[float | None] = []
        self._worker, self._waits, self._meanwhile = worker, waits, meanwhile

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        if len(self.pauses) == self._waits:
            self._worker._bell.stopping.set()
        return self._meanwhile(len(self.pauses))


def queue(settings: Settings) -> str:
    """The id of a training that another process has queued."""
    db = Database(settings.database)
    with db.writing() as tx:
        job = jobs.add(tx, jobs.Order(JobKind.VERIFY, dictionaries.add(tx, "d").number, {}, "key"))
    db.close()
    return job.id


def state(settings: Settings, job: str) -> JobState:
    db = Database(settings.database)
    with db.reading() as tx:
        found = jobs.find(tx, job)
    db.close()
    assert found is not None
    return found.state


@pytest.mark.parametrize("pipe", [True, False])
def test_an_idle_worker_asks_ever_less(settings: Settings, pipe: bool) -> None:
    """One SELECT a look; the pause between two looks doubles up to its limit, which is longer where a bell rings."""
    ends = os.pipe()
    worker, statements = Worker(settings, "w", Bell(ends[0] if pipe else None)), list[str]()
    event.listen(worker._db.engine, "before_cursor_execute", lambda *of: statements.append(of[2]))
    woken = Woken(worker, 10)
    worker._take([JobKind.TRAIN], woken)
    longest = LONGEST_WOKEN if pipe else LONGEST
    assert woken.pauses == [min(SHORTEST * 2**look, longest) for look in range(10)]
    assert [statement.split()[0] for statement in statements] == ["BEGIN", "SELECT"] * 10


def test_a_job_of_another_process_is_found_without_a_ring(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody rings for what another machine queues: the next look finds it."""
    worker, queued = Worker(settings, "w", Bell()), list[str]()
    monkeypatch.setattr(service.worker, "KINDS", {JobKind.VERIFY: lambda attempt: queued.append(attempt.claim.id)})

    def meanwhile(waits: int) -> bool:
        if waits == 3:
            queued.append(queue(settings))
        return False

    woken = Woken(worker, 4, meanwhile)
    worker._take([JobKind.VERIFY], woken)
    assert queued == [queued[0]] * 2
    assert woken.pauses[-1] == SHORTEST


def test_a_commit_with_a_job_rings(settings: Settings) -> None:
    """The bell rings once the job can be seen, and not for a transaction that was rolled back or brought no job."""
    db, rung = Database(settings.database), list[int]()
    other = Database(settings.database)

    def count() -> None:
        with other.reading() as tx:
            rung.append(jobs.counts(tx)[JobState.QUEUED])

    db.on_work = count
    with db.writing() as tx:
        dictionary = dictionaries.add(tx, "d").number
    order = jobs.Order(JobKind.TRAIN, dictionary, {}, "key")
    with suppress(KeyError), db.writing() as tx:
        jobs.add(tx, order)
        raise KeyError
    assert rung == []
    with db.writing() as tx:
        jobs.add(tx, order)
    assert rung == [1]
    db.close()
    other.close()


def test_a_bell_is_heard_and_its_end_too() -> None:
    """A ring wakes every listener; so does the end of whoever could ring, which also stops the worker."""
    inward, outward = os.pipe()
    bell = Bell(inward)
    first, second = bell.listener(), bell.listener()
    bell.start()
    ring(outward)
    assert (first.wait(60), second.wait(60), bell.stopping.is_set()) == (True, True, False)
    assert bell.heard > 0
    first.clear()
    os.close(outward)
    assert (first.wait(60), bell.stopping.wait(60)) == (True, True)


def test_a_full_bell_does_not_wait() -> None:
    """Ringing never blocks the API, however long its worker does not listen."""
    inward, outward = os.pipe()
    os.set_blocking(outward, False)
    for _ in range(100):
        ring(outward, b"r" * 4096)
    os.close(inward)
    os.close(outward)


def test_only_a_worker_that_has_worked_and_is_idle_rests(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins anew as the same worker with the same bell; not before it has worked, and not beside a job."""
    begun: list[list[str]] = []
    monkeypatch.setattr(os, "execve", lambda _path, command, _environment: begun.append(command))
    worker = Worker(settings, "w", Bell(9))
    worker._rest_if_idle()
    worker._worked, worker._busy = time.monotonic() - settings.worker_rest_seconds - 1, 1
    worker._rest_if_idle()
    assert begun == []
    worker._busy = 0
    worker._rest_if_idle()
    [command] = begun
    assert command[1:] == ["-m", "service", "work", "--name", "w", "--bell", "9"]


def test_a_rested_worker_works_again(tmp_path: Path) -> None:
    """After a training and a rest it is the same process to its supervisor, and takes the next job."""
    with running_service(tmp_path / "data", worker_rest_seconds="0.1") as running, running.client() as api:
        worker = running.worker
        dictionary = fresh_dictionary(api, FACTS)
        for rests in (1, 2):
            assert train(api, dictionary)["state"] == "succeeded"
            while running.data.with_suffix(".log").read_text().count("worker rests") < rests:
                time.sleep(0.05)
        assert running.worker == worker
