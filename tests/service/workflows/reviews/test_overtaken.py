"""A purge that comes between reading an answer and writing it down wins: nothing of it is written back."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from schemas.purge import PurgedPair, PurgeRequest
from schemas.reviews import ReviewCreate, SampleCreate
from service.errors import NotFound, Overtaken
from service.memory import Recalled
from service.settings import Settings
from service.storage import Database
from service.storage.tables.reviews import reviews as table
from service.workflows.purges import purge
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.reviews import reviews, samples
from tests.service.workflows.in_process import BY, InProcessService

ROWS = [(f"PART-{number}", "maker", f"maker {number % 7}") for number in range(50)]
Write = Callable[[InProcessService, ServedMemory], object]


@pytest.fixture
def shop(db: Database, settings: Settings) -> InProcessService:
    made = InProcessService(db, settings)
    made.upload(ROWS)
    made.train()
    return made


def purge_one(shop: InProcessService) -> None:
    wanted = PurgeRequest(pairs=[PurgedPair(subject="PART-7", relation="maker")], reason="asked for")
    purge.order(shop, shop.dictionary, wanted, by=BY)


def serve(shop: InProcessService, meanwhile: Callable[[], object] = lambda: None) -> ServedMemory:
    """The champion, during whose recall something else happens, once."""
    champion = shop.champion()
    memory = shop.stored(champion.id)
    recall, happenings = memory.recall, iter([meanwhile])

    def recall_beside(subjects: list[str], relations: list[str]) -> Recalled:
        found = recall(subjects, relations)
        next(happenings, lambda: None)()
        return found

    memory.recall = recall_beside  # type: ignore[method-assign, assignment]
    return ServedMemory(champion.id, shop.dictionary, champion.ledger_version, memory)


def report(shop: InProcessService, served: ServedMemory) -> object:
    return reviews.report(shop, served, ReviewCreate(subject="PART-7", relation="maker"), BY)


def sample(shop: InProcessService, served: ServedMemory) -> object:
    return samples.draw(shop, served, SampleCreate(count=50), BY)


@pytest.mark.parametrize("write", [report, sample])
def test_a_purge_in_between_wins(shop: InProcessService, write: Write) -> None:
    """503 and to be sent again; with the memory that was withdrawn it stays refused, with the new champion it is
    stored, of which nothing holds what was purged.
    """
    stale = serve(shop, lambda: purge_one(shop))
    with pytest.raises(Overtaken):
        write(shop, stale)
    with pytest.raises(NotFound):
        write(shop, stale)
    with shop.db.reading() as tx:
        assert tx.execute(select(table)).all() == []
    write(shop, serve(shop))
    with shop.db.reading() as tx:
        answers = [row.answers for row in tx.execute(select(table)) if row.subject == "PART-7"]
    assert answers in ([], [[]])


@pytest.mark.parametrize("write", [report, sample])
def test_another_edit_in_between_hinders_nobody(shop: InProcessService, write: Write) -> None:
    write(shop, serve(shop, lambda: shop.edit([("PART-7", "maker", "new")])))
    with shop.db.reading() as tx:
        assert tx.execute(select(table)).all()
