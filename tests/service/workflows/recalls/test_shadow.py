"""The shadow of live recalls: drawn, bounded, compared like with like, and never in the way."""

import random

import pytest

from schemas.recall import Status
from service.storage import Database, dictionaries, shadow
from service.storage.memories import Record
from service.workflows.access.relations import Relations
from service.workflows.recalls import shadow as shadow_recalls
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.recalls.observe import LiveRecall, RecallColumns
from service.workflows.recalls.shadow import ShadowRecalls
from tests.service.workflows.recalls.shelf import Shelf, Table

CHAMPION = [("a", "r", "1"), ("b", "r", "2"), ("c", "s", "3")]
CHALLENGER = [("a", "r", "1"), ("b", "r", "9"), ("c", "s", "3")]


class Idle:
    """A thread that does nothing."""

    def __init__(self, **_: object) -> None:
        pass

    def is_alive(self) -> bool:
        return True


@pytest.fixture
def number(db: Database) -> int:
    """A dictionary all of whose recalls are compared."""
    with db.writing() as tx:
        row = dictionaries.add(tx, "parts")
        shadow.put(tx, row.number, "challenger", 1.0, "key")
    return row.number


@pytest.fixture
def shelf(db: Database, number: int) -> Shelf:
    with db.reading() as tx:
        [watched] = shadow.list_watched(tx)
    shelf = Shelf({"parts": watched.dictionary})
    shelf.put("mem_1", CHAMPION, watched.dictionary)
    shelf.put("mem_2", CHALLENGER, watched.dictionary, "challenger")
    return shelf


@pytest.fixture
def recalls(db: Database, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> ShadowRecalls:
    """Its thread is left out: tests compare when they say."""
    monkeypatch.setattr(shadow_recalls, "Thread", Idle)
    return ShadowRecalls(db, shelf, random.Random(7))


def seen(shelf: Shelf, pairs: list[tuple[str, str]], alias: str | None = "champion") -> LiveRecall:
    table: Table = shelf.tables["mem_1"]
    [dictionary] = shelf.dictionaries.values()
    subjects, relations = zip(*pairs, strict=True)
    recalled = table.recall(subjects, relations)
    statuses = [Status.ANSWERED if known else Status.UNKNOWN for known in recalled.known]
    return LiveRecall(
        ServedMemory("mem_1", dictionary, 1, table),
        alias,
        "key",
        RecallColumns(subjects, relations, statuses, recalled.answers),
    )


def compared(recalls: ShadowRecalls) -> None:
    while not recalls._waiting.empty():
        recalls.compare(recalls._waiting.get())
    recalls.flush()


def total(db: Database, number: int) -> shadow.Counts:
    total = shadow.Counts()
    with db.reading() as tx:
        for counted in shadow.read_counts(tx, number).values():
            total.add(counted)
    return total


def test_both_replies_are_compared_whole(db: Database, shelf: Shelf, recalls: ShadowRecalls, number: int) -> None:
    """Another answer is a disagreement, listed with both; two that abstain agree."""
    recalls.on_recalls([seen(shelf, [("a", "r"), ("b", "r"), ("zzz", "r")]), seen(shelf, [("b", "r")], None)])
    compared(recalls)
    assert total(db, number) == shadow.Counts(asked=3, agreed=2, disagreed=1, stale=0)
    with db.reading() as tx:
        [listed] = shadow.list_disagreements(tx, number)
    assert (listed.subject, listed.champion.answers, listed.challenger.answers) == ("b", ["2"], ["9"])


def test_only_a_share_is_asked(db: Database, shelf: Shelf, recalls: ShadowRecalls, number: int) -> None:
    """A quarter of the pairs, not of the batches; nothing at all for a share of nought."""
    with db.writing() as tx:
        shadow.put(tx, number, "challenger", 0.25, "key")
    recalls.on_recalls([seen(shelf, [("a", "r")] * 800)])
    compared(recalls)
    assert 150 < total(db, number).asked < 250
    with db.writing() as tx:
        shadow.put(tx, number, "challenger", 0.0, "key")
    recalls.on_recalls([seen(shelf, [("a", "r")] * 800)])
    assert recalls._waiting.empty()


def test_what_is_too_much_is_dropped_and_counted(
    db: Database, shelf: Shelf, recalls: ShadowRecalls, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large batch is cut, a full queue takes no more, and hearing never waits for the comparison."""
    monkeypatch.setattr(shadow_recalls, "MOST_AT_ONCE", 10)
    batches = [seen(shelf, [("a", "r")] * 30)] * (shadow_recalls.MOST_WAITING + 2)
    recalls.on_recalls(batches)  # returns, though nobody compares yet
    compared(recalls)
    with db.reading() as tx:
        found = shadow.find(tx, number)
    assert found is not None
    asked = 10 * shadow_recalls.MOST_WAITING
    assert (total(db, number).asked, found.dropped) == (asked, 30 * len(batches) - asked)


def test_a_caller_s_relations_are_the_challenger_s_too(
    db: Database, shelf: Shelf, recalls: ShadowRecalls, number: int
) -> None:
    """Who may not see a relation gets `unknown` from both: no disagreement."""
    whole = seen(shelf, [("c", "s")])
    part = whole.served.within(Relations(frozenset({"r"})))
    recalls.on_recalls([LiveRecall(part, "champion", "key", RecallColumns(["c"], ["s"], [Status.UNKNOWN], [()]))])
    compared(recalls)
    assert (total(db, number).agreed, total(db, number).disagreed) == (1, 0)


def test_the_list_is_bounded(
    db: Database, shelf: Shelf, recalls: ShadowRecalls, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest stay, counts go on."""
    monkeypatch.setattr(shadow, "KEPT", 3)
    for _ in range(5):
        recalls.on_recalls([seen(shelf, [("b", "r")])])
        compared(recalls)
    with db.reading() as tx:
        assert len(shadow.list_disagreements(tx, number)) == 3
    assert total(db, number).disagreed == 5


def test_nothing_is_written_for_a_shadow_that_was_left(
    db: Database, shelf: Shelf, recalls: ShadowRecalls, number: int
) -> None:
    """What was counted before it was left is let go, and the next recalls are not drawn."""
    recalls.on_recalls([seen(shelf, [("b", "r")])])
    recalls.compare(recalls._waiting.get())
    with db.writing() as tx:
        shadow.remove(tx, number)
    recalls.flush()
    with db.reading() as tx:
        assert (shadow.read_counts(tx, number), shadow.list_disagreements(tx, number)) == ({}, [])
    recalls.on_recalls([seen(shelf, [("b", "r")])])
    assert recalls._waiting.empty()


def test_a_challenger_is_loaded_once_and_changed_at_once(
    db: Database, shelf: Shelf, recalls: ShadowRecalls, number: int
) -> None:
    """However often anything else changes; a moved alias is another memory from the next comparison on."""
    [dictionary] = shelf.dictionaries.values()
    for memory in ("mem_2", "mem_2", "mem_3"):
        if memory not in shelf.tables:
            shelf.records[memory] = Record(memory, dictionary, 1, memory, 0, retained=True, digest="")
            shelf.tables[memory] = Table(CHAMPION)
            shelf.switch(memory, dictionary, "challenger")
        recalls.on_recalls([seen(shelf, [("b", "r")])])
        compared(recalls)
    assert shelf.loads == ["mem_2", "mem_3"]
    assert total(db, number) == shadow.Counts(asked=3, agreed=1, disagreed=2, stale=0)
