"""Whether the service can do its work."""

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
    """Champions are loaded once to be sure of them: a memory never changes, so it is not tried twice."""

    def __init__(self, db: Database, serving: Serving) -> None:
        self._db = db
        self._serving = serving
        self._loaded: set[str] = set()
        self._prepared = False

    def champions(self) -> list[Record]:
        """Those not yet seen to load. Raises Unavailable where the database is missing or of another shape, and while a
        memory that an alias points at is damaged on the disk, though it may be served all the same.
        """
        try:
            with self._db.reading() as tx:
                current = is_current(tx)
                records = memories.champions(tx) if current else []
                damaged = scrubs.damaged(tx) if current else []
        except Exception as error:
            raise Unavailable("the database cannot be reached") from error
        if not current:
            raise Unavailable("the database has another shape than this service: run `python -m service migrate`")
        if damaged:
            reason = Code.MEMORY_MISMATCH
            raise Unavailable("a stored memory is damaged and being rebuilt", memories=damaged, reason=reason)
        self._loaded.intersection_update(record.id for record in records)
        return [record for record in records if record.id not in self._loaded]

    async def load(self, records: list[Record]) -> None:
        """Returns when memories can be read and these are. Raises Unavailable where that cannot be."""
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
        return jobs.counts(tx)
