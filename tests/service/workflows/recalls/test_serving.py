"""Memories are loaded once, kept while they are used, and let go of when they are gone."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from service.errors import Conflict, FactStoreError, MemoryMismatch, NotFound
from service.storage.memories import Record
from service.workflows.recalls.serving import Address, Serving
from tests.running import PATIENCE
from tests.service.workflows.recalls.conftest import PARTS
from tests.service.workflows.recalls.shelf import Shelf, Table

HERE = Address("dic_1")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.005)


async def watching(serving: Serving, work: Callable[[], Awaitable[None]]) -> None:
    watch = asyncio.create_task(serving.watch(lambda: asyncio.sleep(0.005)))
    try:
        await work()
    finally:
        watch.cancel()


def test_a_memory_is_loaded_once_for_all_who_wait(shelf: Shelf) -> None:
    """A hundred requests that meet a memory not yet loaded wait for one load."""

    async def ask() -> set[int]:
        serving = Serving(shelf)
        return {id(served) for served in await asyncio.gather(*(serving.find(HERE) for _ in range(100)))}

    assert len(asyncio.run(ask())) == 1
    assert shelf.loads == ["mem_1"]


def test_other_memories_answer_while_one_loads(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow load keeps nobody waiting but those who asked for that memory."""
    gate, begun = threading.Event(), threading.Event()
    shelf.put("mem_slow", PARTS, alias="slow")

    def load(record: Record) -> Table:
        if record.id == "mem_slow":
            begun.set()
            assert gate.wait(PATIENCE)
        return shelf.tables[record.id]

    monkeypatch.setattr(shelf, "load", load)

    async def ask() -> tuple[str, bool, str]:
        serving = Serving(shelf)
        slow = asyncio.create_task(serving.find(Address("dic_1", "slow")))
        await until(begun.is_set)
        other, waiting = await serving.find(HERE), not slow.done()
        gate.set()
        return other.id, waiting, (await slow).id

    assert asyncio.run(ask()) == ("mem_1", True, "mem_slow")


def test_the_least_recently_used_memory_makes_room(shelf: Shelf) -> None:
    """With room for two, the third memory replaces the one that was used longest ago, which loads again when asked."""
    for number in (2, 3):
        shelf.put(f"mem_{number}", PARTS, alias=f"alias {number}")

    async def ask() -> None:
        serving = Serving(shelf, capacity=2)
        for memory in ("mem_1", "mem_2", "mem_1", "mem_3", "mem_1", "mem_2"):
            assert (await serving.find(Address("dic_1", memory=memory))).id == memory

    asyncio.run(ask())
    assert shelf.loads == ["mem_1", "mem_2", "mem_3", "mem_2"]


def test_a_failed_load_is_tried_again(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """An artefact that cannot be loaded is an error to each request, and nothing of it is remembered."""

    def load(_: Record) -> Table:
        raise MemoryMismatch("not what its manifest says")

    async def ask() -> str:
        serving = Serving(shelf)
        with monkeypatch.context() as patch:
            patch.setattr(shelf, "load", load)
            for _ in range(2):
                with pytest.raises(MemoryMismatch):
                    await serving.find(HERE)
        return (await serving.find(HERE)).id

    assert asyncio.run(ask()) == "mem_1"


@pytest.mark.parametrize(
    ("address", "error"),
    [
        (Address("dic_2"), Conflict),
        (Address("dic_2", "champion"), Conflict),
        (Address("dic_1", "nobody"), NotFound),
        (Address("dic_1", memory="mem_nobody"), NotFound),
        (Address("dic_2", memory="mem_1"), NotFound),
    ],
)
def test_an_address_of_nothing_is_refused(shelf: Shelf, address: Address, error: type[FactStoreError]) -> None:
    """No champion, no such alias, no such memory, a memory of another dictionary."""
    with pytest.raises(error):
        asyncio.run(Serving(shelf).find(address))


def test_what_was_resolved_is_forgotten_when_something_changes(shelf: Shelf) -> None:
    """Names, aliases and absent champions are looked up again once the change counter has moved, and only then."""

    async def ask() -> None:
        serving = Serving(shelf)
        assert await serving.dictionary("parts 1/2", lambda _: True) == "dic_1"
        shelf.dictionaries = {"renamed": "dic_1"}
        assert await serving.dictionary("parts 1/2", lambda _: True) == "dic_1"
        shelf.counter += 1
        await asyncio.sleep(0)
        with pytest.raises(NotFound):
            await serving.dictionary("parts 1/2", lambda _: True)
        with pytest.raises(Conflict):
            await serving.find(Address("dic_2"))
        shelf.put("mem_2", PARTS, dictionary="dic_2")
        assert (await serving.find(Address("dic_2"))).id == "mem_2"

    asyncio.run(ask())


def test_champions_are_loaded_at_the_start_and_when_they_change(shelf: Shelf) -> None:
    """The watch loads every champion before anyone asks, and a new champion of a dictionary in use when it is made."""

    async def work() -> None:
        await until(lambda: shelf.loads == ["mem_1"])
        shelf.put("mem_2", PARTS)
        await until(lambda: shelf.loads == ["mem_1", "mem_2"])

    async def main() -> None:
        await watching(Serving(shelf), work)

    asyncio.run(main())


def test_a_deleted_memory_is_let_go(shelf: Shelf) -> None:
    """A memory whose dictionary is deleted is not kept in the process; a request under way still has it."""

    async def main() -> None:
        serving = Serving(shelf)

        async def work() -> None:
            served = await serving.find(HERE)
            shelf.records.clear()
            shelf.aliases.clear()
            shelf.counter += 1
            await until(lambda: not serving._loaded)
            assert served.memory.recall(["PART-1"], ["maker"]).known.all()

        await watching(serving, work)

    asyncio.run(main())


def test_the_watch_outlives_what_it_cannot_load(shelf: Shelf) -> None:
    """A champion that cannot be loaded ahead stops neither the watch nor the next champion."""
    broken = shelf.tables.pop("mem_1")

    async def work() -> None:
        await until(lambda: "mem_1" in shelf.loads)
        shelf.tables["mem_1"] = broken
        shelf.counter += 1
        await asyncio.sleep(0.02)
        shelf.put("mem_2", PARTS)

    async def main() -> None:
        serving = Serving(shelf)
        await watching(serving, work)
        assert (await serving.find(HERE)).id == "mem_2"

    asyncio.run(main())


def test_versions_of_one_lineage_take_one_place(shelf: Shelf) -> None:
    """With room for two lineages, seven versions of one push no other dictionary out, and its last four stay."""
    shelf.put("other", PARTS, dictionary="dic_2")

    async def ask() -> None:
        serving = Serving(shelf, capacity=2)
        await serving.find(Address("dic_2"))
        for version in range(7):
            edited = f"version {version}"
            shelf.put(edited, PARTS)
            shelf.records[edited] = Record(edited, "dic_1", 1 + version, "mem_1", version, retained=True, digest="")
            await asyncio.sleep(0)
            await serving.find(HERE)
        assert set(serving._loaded) == {"other", *(f"version {version}" for version in (3, 4, 5, 6))}

    asyncio.run(ask())


def test_an_adopted_version_is_served_without_a_load(shelf: Shelf) -> None:
    """What an edit of this process made is handed over from its thread; nobody reads it from the disk."""

    async def main() -> None:
        serving = Serving(shelf)

        async def work() -> None:
            await until(lambda: shelf.loads == ["mem_1"])
            edited = Record("mem_2", "dic_1", 2, "mem_1", 1, retained=True, digest="")
            await asyncio.to_thread(serving.adopt, edited, Table(PARTS))
            shelf.records["mem_2"] = edited
            shelf.switch("mem_2")
            await asyncio.sleep(0)
            assert (await serving.find(HERE)).id == "mem_2"

        await watching(serving, work)

    asyncio.run(main())
    assert shelf.loads == ["mem_1"]


def test_a_version_given_up_is_refused_though_it_is_loaded(shelf: Shelf) -> None:
    """Once the database says so, whatever the process still holds: not_retained."""

    async def ask() -> None:
        serving = Serving(shelf)
        await serving.find(HERE)
        shelf.records["mem_1"] = shelf.records["mem_1"]._replace(retained=False)
        shelf.counter += 1
        await asyncio.sleep(0)
        with pytest.raises(NotFound) as refused:
            await serving.find(Address("dic_1", memory="mem_1"))
        assert refused.value.code == "not_retained"

    asyncio.run(ask())
