"""Serving: which memory a recall is addressed to, loaded once a process and swapped without dropping a request.

Names and aliases are resolved once and remembered until the database's change counter moves; the counter is read once
a turn of the event loop, so a request that arrives after a switch is answered by the new memory, and requests under
way keep the old one until they end. Loading happens beside the event loop.

Room is counted in lineages, whose versions share almost everything: the versions that edits left behind push no other
dictionary out, and the last few stay, so that a rollback is served at once.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import NamedTuple, Protocol

import structlog

from schemas.problems import Code
from service.errors import FactStoreError, NoMemory, NotFound
from service.facts import Pair
from service.loops import keep_going_async
from service.memory.recall import Servable
from service.storage.aliases import CHAMPION
from service.storage.memories import Record
from service.workflows.access.relations import Relations
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.recalls.naming import Naming
from service.workflows.recalls.queries import Ledger

log = structlog.get_logger()

KEPT_VERSIONS = 4  # of each lineage


class Address(NamedTuple):
    """What a recall is sent to within a dictionary (its id): an alias, or one memory when `memory` is set."""

    dictionary: str
    alias: str = CHAMPION
    memory: str | None = None


class Catalogue(Protocol):
    """What serving needs of the database and of the artefact folder. `changes` is called on the event loop and must
    be cheap; everything else is called from threads.
    """

    def changes(self) -> int:
        """A number that changes whenever a dictionary, memory or alias may have changed."""
        ...

    def dictionary(self, name: str) -> str | None:
        """The id of the dictionary with this id or exact name."""
        ...

    def alias(self, dictionary: str, alias: str) -> str | None:
        """The id of the memory that the alias points at."""
        ...

    def memory(self, memory: str) -> Record | None: ...

    def kept(self, loaded: list[str]) -> set[str]:
        """Those of these memories that can still be recalled."""
        ...

    def load(self, record: Record) -> Servable:
        """The memory as stored; raises MemoryMismatch, and NotFound (not_retained)."""
        ...

    def ledger(self, dictionary: str, version: int, pairs: list[Pair]) -> Ledger:
        """What the ledger held for these pairs at that version."""
        ...

    def ledger_respelled(self, dictionary: str, version: int, pairs: list[Pair], seen: Relations | None) -> Ledger:
        """Do the same for pairs that are spelled otherwise than in the ledger, by reading all names of facts whose
        relations are `seen`.
        """
        ...

    def naming(self, dictionary: str) -> Naming | None:
        """The other names of the dictionary; None where it has none."""
        ...

    def champions(self) -> list[Record]:
        """The memory that each dictionary's champion points at, last switched first."""
        ...


class Serving:
    """The loaded memories of one process, of at most `capacity` lineages; one event loop only."""

    def __init__(self, catalogue: Catalogue, *, capacity: int = 8) -> None:
        self._catalogue = catalogue
        self._capacity = capacity
        self._loaded: OrderedDict[str, ServedMemory] = OrderedDict()
        self._lineages: dict[str, str] = {}  # of each loaded memory
        self._loading: dict[str, asyncio.Future[ServedMemory]] = {}
        self._dictionaries: dict[str, str] = {}
        self._addresses: dict[Address, tuple[Record, Naming | None]] = {}
        self._seen = -1
        self._fresh = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def adopt(self, record: Record, memory: Servable) -> None:
        """Serve a version that an edit of this process made, without loading it. Called from any thread, as soon as it
        is committed; requests that come before it arrives here load it.
        """
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._put, record, memory)

    async def dictionary(self, name: str, sees: Callable[[str], bool]) -> str:
        """The id of the dictionary with this id or exact name. Raises NotFound where there is none, and after the same
        look-up where the caller does not see it.
        """
        self._refresh()
        known = self._dictionaries.get(name)
        if known is not None and sees(known):
            return known
        seen = self._seen
        found = await asyncio.to_thread(self._catalogue.dictionary, name)
        if found is None or not sees(found):
            raise NotFound("no such dictionary")
        if seen == self._seen:
            self._dictionaries[name] = found
        return found

    async def find(self, address: Address) -> ServedMemory:
        """The memory at this address, loaded; raises NotFound, NoMemory or MemoryMismatch."""
        self._refresh()
        resolved = self._addresses.get(address)
        if resolved is None:
            seen = self._seen
            resolved = await asyncio.to_thread(self._resolve, address)
            if seen == self._seen:
                self._addresses[address] = resolved
        record, naming = resolved
        return (self._recent(record) or await self._load(record)).named(naming)

    def ledger(self, served: ServedMemory, pairs: list[Pair], answered: set[Pair]) -> Ledger:
        """What the ledger held for these pairs when the memory was trained. Reads the database: not on the loop.

        Pairs that the memory answered but the ledger has not as they are spelled are looked up by the names they stand
        for, as the memory looked them up. A caller who sees only some relations gets no line numbers: their gaps would
        count the other facts.
        """
        if served.naming is not None:
            stored = dict(zip(pairs, served.stored(pairs), strict=True))
            held = self._held(served, list(stored.values()), {stored[pair] for pair in answered})
            return {pair: held[stored[pair]] for pair in pairs if stored[pair] in held}
        return self._held(served, pairs, answered)

    def _held(self, served: ServedMemory, pairs: list[Pair], answered: set[Pair]) -> Ledger:
        seen = served.relations
        held = self._catalogue.ledger(served.dictionary, served.ledger_version, pairs)
        if seen is not None:
            held = {pair: rows for pair, rows in held.items() if pair[1] in seen}
        unlike = sorted(answered - held.keys())
        if unlike:
            held = {**held, **self._catalogue.ledger_respelled(served.dictionary, served.ledger_version, unlike, seen)}
        return held if seen is None else {pair: replace(rows, line=None) for pair, rows in held.items()}

    async def watch(self, moved: Callable[[], Awaitable[None]]) -> None:
        """Load ahead of the requests: champions at the start, later whatever replaces a memory in use. Looks whenever
        `moved` returns, until it is cancelled.
        """
        self._loop = asyncio.get_running_loop()
        followed = -1

        async def follow() -> None:
            nonlocal followed
            first = followed == -1
            if not first:
                await moved()
            changes = self._catalogue.changes()
            if changes != followed:
                await self._ahead(self._load_champions() if first else self._follow())
                followed = changes

        await keep_going_async("serving", follow)

    def _refresh(self) -> None:
        """Drop resolved addresses if anything has changed; checked once per turn of the event loop."""
        if self._fresh:
            return
        self._fresh = True
        asyncio.get_running_loop().call_soon(self._stale)
        changes = self._catalogue.changes()
        if changes != self._seen:
            self._seen = changes
            self._dictionaries.clear()
            self._addresses.clear()

    def _stale(self) -> None:
        self._fresh = False

    def _resolve(self, address: Address) -> tuple[Record, Naming | None]:
        memory = address.memory or self._catalogue.alias(address.dictionary, address.alias)
        if memory is None and address.alias == CHAMPION:
            raise NoMemory
        record = self._catalogue.memory(memory) if memory is not None else None
        if record is None or record.dictionary != address.dictionary:
            raise NotFound("no such memory in this dictionary" if address.memory else "no such alias")
        if not record.retained:
            raise NotFound("this version is no longer kept", code=Code.NOT_RETAINED, memory=record.id)
        return record, self._catalogue.naming(record.dictionary)

    def _recent(self, record: Record) -> ServedMemory | None:
        """The memory if it is loaded; it becomes the most recently used one."""
        served = self._loaded.get(record.id)
        if served is not None:
            self._loaded.move_to_end(record.id)
        return served

    async def _load(self, record: Record) -> ServedMemory:
        """The memory, loaded once for all who wait; the one least recently used makes room."""
        loading = self._loading.get(record.id)
        if loading is None:
            loading = self._loading[record.id] = asyncio.ensure_future(self._read(record))
        return await asyncio.shield(loading)

    async def _read(self, record: Record) -> ServedMemory:
        try:
            memory = await asyncio.to_thread(self._catalogue.load, record)
        finally:
            del self._loading[record.id]
        return self._put(record, memory)

    def _put(self, record: Record, memory: Servable) -> ServedMemory:
        served = self._recent(record)
        if served is None:
            served = self._loaded[record.id] = ServedMemory(record.id, record.dictionary, record.ledger_version, memory)
            self._lineages[record.id] = record.lineage
            self._make_room()
        return served

    def _make_room(self) -> None:
        """Keep the most recently used versions of the most recently used lineages."""
        kept: Counter[str] = Counter()
        for memory in reversed(list(self._loaded)):
            lineage = self._lineages[memory]
            if kept[lineage] == KEPT_VERSIONS or (not kept[lineage] and len(kept) >= self._capacity):
                self._drop(memory)
            else:
                kept[lineage] += 1

    def _drop(self, memory: str) -> None:
        self._loaded.pop(memory, None)
        self._lineages.pop(memory, None)

    async def _load_champions(self) -> None:
        champions = await asyncio.to_thread(self._catalogue.champions)
        for record in reversed(champions[: self._capacity]):
            await self._load(record)

    async def _follow(self) -> None:
        """Drop memories that are no longer kept, and load the new champions of dictionaries in use."""
        loaded = list(self._loaded)
        kept = await asyncio.to_thread(self._catalogue.kept, loaded)
        for memory in [memory for memory in loaded if memory not in kept]:
            self._drop(memory)
        in_use = {served.dictionary for served in self._loaded.values()}
        for record in await asyncio.to_thread(self._catalogue.champions):
            if record.dictionary in in_use and record.id not in self._loaded:
                await self._load(record)

    async def _ahead(self, work: Coroutine[None, None, None]) -> None:
        """A memory that cannot be loaded does no harm here: the request that needs it will meet the error and report
        it. Any other error is raised, so that it is tried again.
        """
        try:
            await work
        except FactStoreError as error:
            log.warning("loading ahead failed", error=type(error).__name__)
