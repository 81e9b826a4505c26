"""Readiness: whether the service can do its work."""

import asyncio
import math
import shutil
import time
from collections.abc import Callable
from typing import NamedTuple

from schemas.jobs import JobState
from schemas.problems import Code
from service.errors import FactStoreError, MemoryOutdated, Unavailable
from service.memory.solvers import prepare
from service.resources import Lacking
from service.settings import Settings
from service.storage import Database, jobs, memories, scrubs
from service.storage.memories import Record
from service.storage.migrate import is_current
from service.storage.stamps import now
from service.workflows.recalls.serving import Address, Serving

UNHEARD = 120.0  # seconds without a sign of a worker, after which it is called stuck


class Readiness:
    """Checks that the service can work. Each champion is loaded once: a memory never changes, so that is enough.

    clock: seconds since the epoch.
    """

    def __init__(
        self, db: Database, serving: Serving, settings: Settings, clock: Callable[[], float] = time.time
    ) -> None:
        self._db = db
        self._serving = serving
        self._settings = settings
        self._clock = clock
        self._started = clock()
        self._loaded: set[str] = set()
        self._prepared = False

    def champions(self) -> list[Record]:
        """The champions not loaded yet. Raises Unavailable where the database is missing or outdated, while a memory
        that an alias points at is damaged on the disk, though it may be served all the same, where no worker has given
        a sign of itself for long, and where the disk is nearly full.
        """
        try:
            with self._db.reading() as tx:
                current = is_current(tx)
                records = memories.list_champions(tx) if current else []
                damaged = scrubs.list_damaged(tx) if current else []
                signs = jobs.read_signs(tx) if current else None
        except Exception as error:
            raise Unavailable("the database cannot be reached") from error
        if not current:
            raise Unavailable("the database has another schema than this service: run `python -m service migrate`")
        if damaged:
            reason = Code.MEMORY_MISMATCH
            raise Unavailable("a stored memory is damaged and being rebuilt", memories=damaged, reason=reason)
        self._check_worker(signs)
        self._check_disk()
        self._loaded.intersection_update(record.id for record in records)
        return [record for record in records if record.id not in self._loaded]

    def _check_worker(self, signs: jobs.Signs | None) -> None:
        heard = signs.heard.timestamp() if signs and signs.heard else 0.0
        silent = self._clock() - max(heard, self._started)
        if silent > UNHEARD:
            detail = f"no worker has looked for jobs for {silent:.0f} seconds: its log says why, and a restart is safe"
            raise Unavailable(detail, silent_seconds=round(silent))

    def _check_disk(self) -> None:
        """Raise Lacking while the disk of the data folder is nearly full, before something fails for it."""
        free = shutil.disk_usage(self._settings.data).free
        if free < self._settings.min_free_bytes:
            raise Lacking(Code.DISK_FULL, free_bytes=free)

    async def load(self, records: list[Record]) -> None:
        """Load these memories. Raises Unavailable where PyTorch or one of them cannot be loaded."""
        if not self._prepared:
            try:
                await asyncio.to_thread(prepare)
            except ImportError as error:
                raise Unavailable("PyTorch cannot be loaded") from error
            self._prepared = True
        for record in records:
            try:
                await self._serving.find(Address(record.dictionary, memory=record.id))
            except MemoryOutdated:
                pass  # it waits for a training, and the service is as ready as it will be
            except FactStoreError as error:
                raise Unavailable("a champion cannot be loaded", memory=record.id, reason=error.code) from error
            self._loaded.add(record.id)


class QueueFigures(NamedTuple):
    """silent: seconds since the last sign of a worker; waiting: seconds that the oldest queued job has waited. Infinite
    and 0 where there is none.
    """

    by_state: dict[JobState, int]
    silent: float
    waiting: float


def read_queue(db: Database) -> QueueFigures:
    with db.reading() as tx:
        signs, at = jobs.read_signs(tx), now()
        silent = math.inf if signs.heard is None else (at - signs.heard).total_seconds()
        waiting = 0.0 if signs.queued is None else (at - signs.queued).total_seconds()
        return QueueFigures(jobs.count_by_state(tx), silent, waiting)
