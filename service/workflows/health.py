"""Readiness: whether the service can do its work."""

import asyncio

from schemas.jobs import JobState
from schemas.problems import Code
from service.errors import FactStoreError, Unavailable
from service.memory.solvers import prepare
from service.storage import Database, jobs, memories, scrubs
from service.storage.memories import Record
from service.storage.migrate import is_current
from service.workflows.recalls.serving import Address, Serving


class Readiness:
    """Checks that the service can work. Each champion is loaded once: a memory never changes, so that is enough."""

    def __init__(self, db: Database, serving: Serving) -> None:
        self._db = db
        self._serving = serving
        self._loaded: set[str] = set()
        self._prepared = False

    def champions(self) -> list[Record]:
        """The champions not loaded yet. Raises Unavailable where the database is missing or outdated, and while a
        memory that an alias points at is damaged on the disk, though it may be served all the same.
        """
        try:
            with self._db.reading() as tx:
                current = is_current(tx)
                records = memories.list_champions(tx) if current else []
                damaged = scrubs.list_damaged(tx) if current else []
        except Exception as error:
            raise Unavailable("the database cannot be reached") from error
        if not current:
            raise Unavailable("the database has another schema than this service: run `python -m service migrate`")
        if damaged:
            reason = Code.MEMORY_MISMATCH
            raise Unavailable("a stored memory is damaged and being rebuilt", memories=damaged, reason=reason)
        self._loaded.intersection_update(record.id for record in records)
        return [record for record in records if record.id not in self._loaded]

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
            except FactStoreError as error:
                raise Unavailable("a champion cannot be loaded", memory=record.id, reason=error.code) from error
            self._loaded.add(record.id)


def job_counts(db: Database) -> dict[JobState, int]:
    with db.reading() as tx:
        return jobs.count_by_state(tx)
