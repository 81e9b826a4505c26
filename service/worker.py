"""The worker: a process of its own that takes one job after the other, so that training never slows a recall."""

import math
import os
import signal
import sys
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from threading import Event, Lock, Thread

import structlog

from schemas.jobs import JobKind
from service.loops import keep_going
from service.memory.solvers import prepare
from service.settings import Settings
from service.storage import Database, jobs
from service.storage.jobs import BESIDE
from service.supervisor import Bell
from service.workflows.jobs import checkpoints
from service.workflows.jobs.attempt import Attempt
from service.workflows.jobs.jobs import Work, perform
from service.workflows.laboratory.experiments import run_experiment
from service.workflows.purges import files
from service.workflows.recalls.live_use import forget_names_unless_kept
from service.workflows.report import write
from service.workflows.sweep import sweep, sweep_leavings
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
SHORTEST, LONGEST = 0.1, 1.0  # seconds between two looks at an empty queue; the pause doubles each time
LONGEST_WOKEN = 10.0  # the longest pause where the API rings: jobs of other machines are still found
WARM_AFTER = 5.0  # seconds until an idle worker loads PyTorch
RETAIN_EVERY = 30.0  # seconds between two clean-ups of what need not be kept
BEAT_EVERY = 20.0  # seconds between two notes that this worker looks for jobs


def work(settings: Settings, name: str, *, bell: int | None = None) -> None:
    """Run a worker until SIGTERM or SIGINT.

    bell: the descriptor of a pipe that the API writes to. With it the worker is woken by the API, leaves the terminal's
    Ctrl-C to the API, and ends when the API does.
    """
    Worker(settings, name, Bell(bell)).run()


class Worker:
    """Loops that take jobs: the main one, and one for each kind that is done beside the others.

    A worker that has had nothing to do for `worker_rest_seconds` after a job restarts in place with exec, which frees
    the memory that trainings left allocated. It loads PyTorch soon after, so only a job that arrives at once waits.
    """

    def __init__(self, settings: Settings, name: str, bell: Bell) -> None:
        self._settings = settings
        self._name = name
        self._bell = bell
        self._db = Database(settings.database)
        self._db.on_work = bell.ring
        self._longest = LONGEST if bell.pipe is None else LONGEST_WOKEN
        self._claiming = Lock()
        self._busy = 0
        self._worked: float | None = None  # when the last job ended, by the monotonic clock

    def run(self) -> None:
        """Work until told to stop; returns when running jobs have gone back to the queue."""
        signal.signal(signal.SIGTERM, lambda *_: self._bell.stop())
        signal.signal(signal.SIGINT, lambda *_: None if self._bell.pipe is not None else self._bell.stop())
        beside = [Thread(target=self._take, args=([kind], self._bell.listener()), name=kind) for kind in BESIDE]
        woken, ahead = self._bell.listener(), self._bell.listener()
        self._bell.start()
        sweep(self._db, self._settings)
        forget_names_unless_kept(self._db, self._settings)
        files.resume(self._db)
        for thread in (*beside, Thread(target=self._get_ready, args=(ahead,), name="ahead", daemon=True)):
            thread.start()
        self._take([kind for kind in KINDS if kind not in BESIDE], woken, self._between())
        for thread in beside:
            thread.join()
        self._db.close()

    def _take(self, kinds: Collection[JobKind], woken: Event, between: Callable[[], None] = lambda: None) -> None:
        """Do one job of these kinds after the other; `between` is called before each look at the queue."""
        pause = SHORTEST

        def look() -> None:
            nonlocal pause
            woken.clear()
            between()
            found = self._work_once(kinds) or woken.wait(pause)
            pause = SHORTEST if found else min(2 * pause, self._longest)

        try:
            keep_going("+".join(sorted(kinds)), look, self._bell.stopping)
        finally:  # by what is no Exception: the worker ends as a whole, and the supervisor replaces it
            self._bell.stop()

    def _get_ready(self, woken: Event) -> None:
        """Load what trainings need before a job comes: at the first ring, or after `WARM_AFTER` seconds, while the
        API, which starts at the same time, has the processor to itself.
        """
        woken.wait(WARM_AFTER)
        if not self._bell.stopping.is_set():
            prepare()

    def _between(self) -> Callable[[], None]:
        retained, beaten = time.monotonic(), -math.inf

        def look() -> None:
            nonlocal retained, beaten
            if time.monotonic() - beaten > BEAT_EVERY:
                with self._db.writing() as tx:
                    jobs.beat(tx, self._name)
                beaten = time.monotonic()
            if time.monotonic() - retained > RETAIN_EVERY:
                _retain(self._db, self._settings)
                retained = time.monotonic()
            self._rest_if_idle()

        return look

    def _work_once(self, kinds: Collection[JobKind]) -> bool:
        """Do one job of these kinds, if there is one."""
        with self._claiming:
            claim = self._claim(kinds)
            self._busy += claim is not None
        if claim is None:
            return False
        log.info("job started", job=claim.id, kind=claim.kind, attempt=claim.attempt)
        try:
            perform(Attempt(self._db, self._settings, claim, self._bell.stopping), KINDS)
        finally:
            with self._claiming:
                self._busy -= 1
                self._worked = time.monotonic()
        return True

    def _claim(self, kinds: Collection[JobKind]) -> jobs.Claim | None:
        with self._db.reading() as tx:
            if not jobs.waiting(tx, kinds):
                return None
        with self._db.writing() as tx:
            return jobs.claim(tx, self._name, timedelta(seconds=self._settings.lease_seconds), kinds=kinds)

    def _rest_if_idle(self) -> None:
        """Restart in place if idle for long; the lock keeps jobs from being claimed meanwhile."""
        with self._claiming:
            if self._worked is None or self._busy or self._bell.stopping.is_set():
                return
            if time.monotonic() - max(self._worked, self._bell.heard) > self._settings.worker_rest_seconds:
                log.info("worker rests")
                os.execve(sys.executable, self._command(), os.environ | self._settings.environment())  # noqa: S606

    def _command(self) -> list[str]:
        bell = [] if self._bell.pipe is None else ["--bell", str(self._bell.pipe)]
        return [sys.executable, "-m", "service", "work", "--name", self._name, *bell]


def _retain(db: Database, settings: Settings) -> None:
    """Remove what need not be kept. What fails is tried again next time, so that jobs do not wait for it."""
    try:
        files.resume(db)
        retain(db, settings)
        sweep_leavings(db, settings)
        checkpoints.sweep(db, settings)
        schedule(db, settings)
    except Exception as error:  # noqa: BLE001
        log.error("retention failed", error=type(error).__name__)  # noqa: TRY400
