"""One attempt at a job: a thread renews its lease, and the work is told when it must stop."""

from datetime import timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Self

import structlog

from service.errors import Cancelled
from service.settings import Settings
from service.storage import Database, jobs
from service.workflows.audit import Auditor

log = structlog.get_logger()

SHOWN_EVERY = 0.5  # seconds between two looks at progress and cancellation


class Interrupted(Exception):
    """The worker is stopping: the job goes back to the queue."""


class Attempt:
    """A context that holds `claim` until its block ends. stopping: set when the worker has to stop."""

    def __init__(self, db: Database, settings: Settings, claim: jobs.Claim, stopping: Event) -> None:
        self.db = db
        self.settings = settings
        self.claim = claim
        self.auditor = Auditor(db, settings)
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._every = min(SHOWN_EVERY, settings.lease_seconds / 4)
        self._stopping = stopping
        self._shown = (0.0, "starting")
        self._cancelled = False
        self._lost = False
        self._over = Event()
        self._thread = Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def progress(self, fraction: float, step: str) -> None:
        """Report progress. Raises Cancelled, Interrupted or LeaseLost where the work must not go on."""
        self._shown = (fraction, step)
        if self._lost:
            raise jobs.LeaseLost(self.claim.id)
        if self._cancelled:
            raise Cancelled("the job was cancelled")
        if self._stopping.is_set():
            raise Interrupted

    def between(self, low: float, high: float) -> "Part":
        """Make a progress callback for a part of the work: its 0..1 is reported as low..high."""
        return Part(self, low, high)

    def _renew(self) -> None:
        while not self._over.wait(self._every) and not self._lost:
            try:
                with self.db.writing() as tx:
                    self._cancelled = jobs.renew(tx, self.claim, self._lease, *self._shown)
            except jobs.LeaseLost:
                self._lost = True
            except Exception as error:  # noqa: BLE001 - a busy database is met again at the next turn
                log.warning("lease not renewed", job=self.claim.id, error=type(error).__name__)


class Part:
    """A progress callback for a part of an attempt."""

    def __init__(self, attempt: Attempt, low: float, high: float) -> None:
        self._attempt = attempt
        self._low = low
        self._span = high - low

    def __call__(self, fraction: float, step: str) -> None:
        self._attempt.progress(self._low + self._span * fraction, step)
