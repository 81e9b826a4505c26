"""What recalls were answered reaches the listeners, whole, later, and at next to no cost."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from schemas.recall import BatchQuery, Query, Status
from service.turns import Turns
from service.workflows.recalls import observe
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.recalls.observe import LiveRecall, Observer, RecallColumns
from service.workflows.recalls.recall import Asker, Recall
from service.workflows.recalls.serving import Serving
from tests.calls import count_calls
from tests.service.workflows.recalls.shelf import Shelf

FEW_CALLS = 20
BATCH = 10_000


@dataclass
class Ear:
    """Keeps what it hears."""

    heard_of: list[LiveRecall] = field(default_factory=list)
    flushes: int = 0

    def on_recalls(self, seen: Sequence[LiveRecall]) -> None:
        self.heard_of += seen

    def flush(self) -> None:
        self.flushes += 1


class Deaf:
    """A listener that fails."""

    def on_recalls(self, _: Sequence[LiveRecall]) -> None:
        raise ValueError("a name")

    def flush(self) -> None:
        raise ValueError("a name")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def observer(ear: Ear) -> Observer:
    observer = Observer()
    observer.register(Deaf())
    observer.register(ear)
    return observer


def served(shelf: Shelf) -> ServedMemory:
    return ServedMemory("mem_1", "dic_1", 1, shelf.tables["mem_1"])


def batch_of(shelf: Shelf, size: int) -> LiveRecall:
    columns = RecallColumns(["s"] * size, ["r"] * size, [Status.UNKNOWN] * size, [()] * size)
    return LiveRecall(served(shelf), "champion", "key_1", columns)


def test_every_form_of_recall_is_heard_of(shelf: Shelf, observer: Observer, ear: Ear) -> None:
    """Single, rows and columns: by whom, through which alias, which pairs; chains and listings are no pairs."""
    recall = Recall(Serving(shelf), observer, Turns("recall", threads=2))
    pair = Query(subject="PART-1", relation="maker")
    chain = Query(subject="PART-1", relations=["maker", "city"])

    async def ask() -> None:
        await recall.one("dic_1", pair, Asker("key_1"))
        await recall.batch("dic_1", BatchQuery(queries=[pair, chain], memory="mem_1"), Asker("key_2"))
        await recall.batch("dic_1", BatchQuery(subjects=["PART-9"], relations=["maker"]), Asker("key_3"))

    asyncio.run(ask())
    assert ear.heard_of == []
    observer.turn()
    assert [(seen.by, seen.alias, len(seen)) for seen in ear.heard_of] == [
        ("key_1", "champion", 1),
        ("key_2", None, 2),
        ("key_3", "champion", 1),
    ]
    assert [list(zip(*seen.columns, strict=True)) for seen in ear.heard_of] == [
        [("PART-1", "maker", Status.ANSWERED, ("Akita",))],
        [("PART-1", "maker", Status.ANSWERED, ("Akita",))],
        [("PART-9", "maker", Status.UNKNOWN, ())],
    ]


def test_a_stop_tells_what_still_waits(shelf: Shelf, observer: Observer, ear: Ear) -> None:
    """Nothing that was queued is lost when the service stops, and a listener that fails stops nobody."""
    observer.start()
    observer.observe(batch_of(shelf, 3))
    observer.stop()
    assert ([len(seen) for seen in ear.heard_of], ear.flushes) == ([3], 1)


def test_the_queue_is_bounded(shelf: Shelf, observer: Observer, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bound recalls are dropped until the listeners caught up; a lone batch passes whatever its size."""
    monkeypatch.setattr(observe, "MOST_WAITING", 4)
    for size in (9, 1, 2):
        observer.observe(batch_of(shelf, size))
    observer.turn()
    observer.observe(batch_of(shelf, 2))
    observer.turn()
    assert [len(seen) for seen in ear.heard_of] == [9, 2]


def test_observing_is_the_same_few_calls_whatever_the_batch(shelf: Shelf, observer: Observer) -> None:
    """A recall hands on what it was asked and answered, and looks at none of it: one pair costs what 10,000 cost."""
    work = []
    for size in (1, 10, BATCH):
        columns = batch_of(shelf, size)
        with count_calls() as made:
            observer.observe(columns)
        work.append(len(made))
    assert work[0] == work[1] == work[2] < FEW_CALLS
