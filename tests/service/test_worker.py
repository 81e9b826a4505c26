"""A worker wakes up when there is work and does almost nothing while there is none."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

import service.loops
import service.worker
from schemas.jobs import JobKind, JobState
from service.settings import Settings
from service.storage import Database, dictionaries, jobs
from service.storage.migrate import upgrade
from service.supervisor import Bell, Supervisor, ring_bell
from service.worker import LONGEST, LONGEST_WOKEN, SHORTEST, Worker
from tests.running import PATIENCE, fresh_dictionary, running_service, train

FACTS = "subject,relation,answer\na,r,1\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path / "data")
    made.make_folders()
    db = Database(made.database)
    upgrade(db)
    db.close()
    return made


@pytest.fixture
def make_worker(settings: Settings) -> Iterator[Callable[[Bell], Worker]]:
    """Workers with these bells, whose databases are closed at the end."""
    with ExitStack() as opened:

        def make(bell: Bell) -> Worker:
            worker = Worker(settings, "w", bell)
            opened.callback(worker._db.close)
            return worker

        yield make


class Woken(Event):
    """Replaces the event that a loop waits for: it does not wait, but records each timeout and calls `meanwhile` with
    the number of waits so far.
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
    """Queue a job as another process would, without a ring, and return its id."""
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
def test_an_idle_worker_asks_ever_less(make_worker: Callable[[Bell], Worker], pipe: bool) -> None:
    """Each look at the queue is one SELECT; the pauses double up to a limit, which is longer where the API rings."""
    ends = os.pipe()
    worker, statements = make_worker(Bell(ends[0] if pipe else None)), list[str]()
    event.listen(worker._db.engine, "before_cursor_execute", lambda *of: statements.append(of[2]))
    woken = Woken(worker, 10)
    worker._take([JobKind.TRAIN], woken)
    longest = LONGEST_WOKEN if pipe else LONGEST
    assert woken.pauses == [min(SHORTEST * 2**look, longest) for look in range(10)]
    assert [statement.split()[0] for statement in statements] == ["BEGIN", "SELECT"] * 10
    for end in ends:
        os.close(end)


def test_a_job_of_another_process_is_found_without_a_ring(
    settings: Settings, make_worker: Callable[[Bell], Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that another machine queued, without a ring, is found at the next look."""
    worker, queued = make_worker(Bell()), list[str]()
    monkeypatch.setattr(service.worker, "KINDS", {JobKind.VERIFY: lambda attempt: queued.append(attempt.claim.id)})

    def meanwhile(waits: int) -> bool:
        if waits == 3:
            queued.append(queue(settings))
        return False

    woken = Woken(worker, 4, meanwhile)
    worker._take([JobKind.VERIFY], woken)
    assert queued == [queued[0]] * 2
    assert woken.pauses[-1] == SHORTEST


@pytest.mark.parametrize("fault", ["claim", "beat", "perform"])
def test_a_worker_works_after_any_fault(
    settings: Settings, make_worker: Callable[[Bell], Worker], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """A database that is locked while it looks, notes or works: three turns fail, and then the queued job is done."""
    worker, done = make_worker(Bell()), list[str]()
    monkeypatch.setattr(service.worker, "KINDS", {JobKind.VERIFY: lambda attempt: done.append(attempt.claim.id)})
    module = service.worker if fault == "perform" else jobs
    works, faults = getattr(module, fault), iter(range(3))

    def fail_at_first(*given: object, **options: object) -> object:
        if next(faults, None) is not None:
            raise OperationalError("locked", None, Exception())
        return works(*given, **options)

    monkeypatch.setattr(module, fault, fail_at_first)
    monkeypatch.setattr(service.loops, "FIRST", 0.0)
    queued = queue(settings)
    worker._take([JobKind.VERIFY], Woken(worker, 1), worker._between())
    if fault == "perform":  # it is left to the next worker, once its lease has run out
        assert (done, state(settings, queued)) == ([], JobState.RUNNING)
    else:
        assert done == [queued]


def test_a_supervisor_goes_on_while_the_database_is_locked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It tries again, and starts the worker once it has freed the jobs of the dead one."""
    spawned, freed = list[bool](), list[bool]()
    supervisor = Supervisor(settings, "w")

    def free(*_: object) -> None:
        freed.append(True)
        if len(freed) < 3:
            raise OperationalError("locked", None, Exception())

    def spawn() -> "subprocess.Popen[bytes]":
        spawned.append(True)
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    monkeypatch.setattr(jobs, "free", free)
    monkeypatch.setattr(service.loops, "FIRST", 0.0)
    monkeypatch.setattr(supervisor, "_spawn", spawn)
    supervisor.start()
    while not spawned:
        time.sleep(0.01)
    supervisor.stop()
    assert (len(freed), len(spawned)) == (3, 1)


def test_a_worker_gives_signs_of_itself(settings: Settings, make_worker: Callable[[Bell], Worker]) -> None:
    """At its first look, and for as long as it is at a job by the lease of that."""
    db, worker = Database(settings.database), make_worker(Bell())
    with db.reading() as tx:
        assert jobs.read_signs(tx) == (None, None)
    queued = queue(settings)
    worker._between()()
    with db.reading() as tx:
        seen = jobs.read_signs(tx)
        job = jobs.find(tx, queued)
    assert seen.heard is not None
    assert job is not None
    assert seen.queued == job.created_at
    with db.writing() as tx:
        assert jobs.claim(tx, "w", timedelta(hours=1)) is not None
    with db.reading() as tx:
        later = jobs.read_signs(tx)
    assert later.heard is not None
    assert later.heard >= seen.heard
    assert later.queued is None
    db.close()


def test_a_commit_with_a_job_rings(settings: Settings) -> None:
    """The bell rings when a queued job is visible to others, and not after a rollback or a commit without a job."""
    db, rung = Database(settings.database), list[int]()
    other = Database(settings.database)

    def count() -> None:
        with other.reading() as tx:
            rung.append(jobs.count_by_state(tx)[JobState.QUEUED])

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
    """A ring wakes every listener; the closing of the pipe does so too, and stops the worker."""
    inward, outward = os.pipe()
    bell = Bell(inward)
    first, second = bell.listener(), bell.listener()
    bell.start()
    ring_bell(outward)
    assert (first.wait(PATIENCE), second.wait(PATIENCE), bell.stopping.is_set()) == (True, True, False)
    assert bell.heard > 0
    first.clear()
    os.close(outward)
    assert (first.wait(PATIENCE), bell.stopping.wait(PATIENCE)) == (True, True)


def test_a_full_bell_does_not_wait() -> None:
    """Ringing never blocks the API, even when the worker has stopped reading."""
    inward, outward = os.pipe()
    os.set_blocking(outward, False)
    for _ in range(100):
        ring_bell(outward, b"r" * 4096)
    os.close(inward)
    os.close(outward)


def test_only_a_worker_that_has_worked_and_is_idle_rests(
    settings: Settings, make_worker: Callable[[Bell], Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle worker restarts under the same name and bell, but not before its first job and not during a job."""
    begun: list[list[str]] = []
    monkeypatch.setattr(os, "execve", lambda _path, command, _environment: begun.append(command))
    worker = make_worker(Bell(9))
    worker._rest_if_idle()
    worker._worked, worker._busy = time.monotonic() - settings.worker_rest_seconds - 1, 1
    worker._rest_if_idle()
    assert begun == []
    worker._busy = 0
    worker._rest_if_idle()
    [command] = begun
    assert command[1:] == ["-m", "service", "work", "--name", "w", "--bell", "9"]


def test_a_rested_worker_works_again(tmp_path: Path) -> None:
    """After a training and a restart the worker has the same process id and takes the next job."""
    with running_service(tmp_path / "data", worker_rest_seconds="0.1") as running, running.client() as api:
        worker = running.worker
        dictionary = fresh_dictionary(api, FACTS)
        for rests in (1, 2):
            assert train(api, dictionary)["state"] == "succeeded"
            while running.data.with_suffix(".log").read_text().count("worker rests") < rests:
                time.sleep(0.05)
        assert running.worker == worker
