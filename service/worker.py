"""The worker: takes one job after the other. A process of its own, so that training never slows a recall."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from datetime import timedelta
from threading import Event, Thread

import structlog

from schemas.jobs import JobKind
from service.settings import Settings
from service.storage import Database, jobs
from service.workflows.jobs import checkpoints
from service.workflows.jobs.attempt import Attempt
from service.workflows.jobs.jobs import Work, perform
from service.workflows.laboratory.experiments import run_experiment
from service.workflows.purges import files
from service.workflows.recalls.live_use import forget_names_unless_kept
from service.workflows.report import write
from service.workflows.sweep import sweep
from service.workflows.versions.consolidate import consolidate
from service.workflows.versions.retention import retain
from service.workflows.versions.scrubs import schedule, scrub, verify
from service.workflows.versions.train import train

log = structlog.get_logger()

KINDS: dict[JobKind, Work] = {
    JobKind.TRAIN: train,
    JobKind.VERIFY: verify,
    JobKind.REPORT: write,
    JobKind.SCRUB: scrub,
    JobKind.CONSOLIDATE: consolidate,
    JobKind.PURGE: files.finish,
    JobKind.EXPERIMENT: run_experiment,
}
BESIDE = (JobKind.REPORT, JobKind.EXPERIMENT)
"""Done beside the other jobs, one of each at a time: they take minutes in a process of their own, and a report waits
for trainings of its own.
"""
POLL = 0.1  # seconds between two looks at an empty queue
RETAIN_EVERY = 30.0  # seconds between two looks at what need not be kept
PARENT_POLL = 1.0  # seconds between two looks at whether the parent lives
RESTART_PAUSE = 1.0  # seconds before a worker that died is replaced
STOP_SECONDS = 5.0  # a worker that has not stopped by then is killed; its job is taken up at the next start


def work(settings: Settings, name: str, *, parent: int | None = None) -> None:
    """Until SIGTERM or SIGINT; a worker with a `parent` leaves the terminal's Ctrl-C to it and ends when it is gone."""
    stopping = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: None if parent else stopping.set())
    if parent is not None:
        Thread(target=_watch, args=(parent, stopping), name="parent", daemon=True).start()
    db = Database(settings.database)
    sweep(db, settings)
    forget_names_unless_kept(db, settings)
    files.resume(db)
    beside = [Thread(target=_work_beside, args=(db, settings, name, stopping, kind), name=kind) for kind in BESIDE]
    for thread in beside:
        thread.start()
    retained = time.monotonic()
    while not stopping.is_set():
        if time.monotonic() - retained > RETAIN_EVERY:
            _retain(db, settings)
            retained = time.monotonic()
        if not work_once(db, settings, name, stopping, KINDS.keys() - set(BESIDE)):
            stopping.wait(POLL)
    for thread in beside:
        thread.join()
    db.close()


def _work_beside(db: Database, settings: Settings, name: str, stopping: Event, kind: JobKind) -> None:
    """One after the other; whatever ends this ends the worker, which is then replaced."""
    try:
        while not stopping.is_set():
            if not work_once(db, settings, name, stopping, {kind}):
                stopping.wait(POLL)
    finally:
        stopping.set()


def _retain(db: Database, settings: Settings) -> None:
    """What fails here is tried again at the next look; jobs must not wait for it."""
    try:
        files.resume(db)
        retain(db, settings)
        checkpoints.sweep(db, settings)
        schedule(db, settings)
    except Exception as error:  # noqa: BLE001
        log.error("retention failed", error=type(error).__name__)  # noqa: TRY400


def _watch(parent: int, stopping: Event) -> None:
    while os.getppid() == parent:
        stopping.wait(PARENT_POLL)
    stopping.set()


def work_once(db: Database, settings: Settings, name: str, stopping: Event, kinds: Collection[JobKind]) -> bool:
    """Do one job of these kinds, if there is one."""
    with db.reading() as tx:
        waiting = jobs.waiting(tx, kinds)
    if not waiting:
        return False
    with db.writing() as tx:
        claim = jobs.claim(tx, name, timedelta(seconds=settings.lease_seconds), kinds=kinds)
    if claim is None:
        return False
    log.info("job started", job=claim.id, kind=claim.kind, attempt=claim.attempt)
    perform(Attempt(db, settings, claim, stopping), KINDS)
    return True


class Supervisor:
    """Keeps one worker process alive beside the API. Nobody else uses its `name`, so a dead worker's lease is freed."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._stopping = Event()
        self._thread = Thread(target=self._supervise, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """The worker ends; its job, if it has one, goes back to the queue."""
        self._stopping.set()

    def stop(self) -> None:
        """Returns when the worker has ended."""
        self.ask_to_stop()
        self._thread.join()

    def _supervise(self) -> None:
        db = Database(self._settings.database)
        while not self._stopping.is_set():
            with db.writing() as tx:
                jobs.free(tx, self._name)
            self._run_worker()
        db.close()

    def _run_worker(self) -> None:
        process = self._spawn()
        while process.poll() is None and not self._stopping.wait(POLL):
            pass
        if self._stopping.is_set():
            _end(process)
        else:
            log.error("worker died", exit_code=process.returncode)
            self._stopping.wait(RESTART_PAUSE)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        inherited = {name: value for name, value in os.environ.items() if name != "FACTSTORE_BOOTSTRAP_KEY"}
        environment = inherited | self._settings.environment()
        command = [sys.executable, "-m", "service", "work", "--name", self._name, "--parent", str(os.getpid())]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
