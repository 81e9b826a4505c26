"""A memory that an earlier version of the service wrote is no damage: it waits for a training, and hinders nothing."""

import asyncio

import pytest

from schemas.aliases import AliasRollback
from schemas.edits import EditAccepted
from schemas.jobs import JobState
from schemas.problems import Code
from schemas.scrubs import ScrubState
from service.errors import MemoryMismatch, MemoryOutdated
from service.memory import artefact
from service.settings import Settings
from service.storage import Database, aliases
from service.storage.aliases import CHAMPION
from service.workflows.health import Readiness
from service.workflows.recalls.catalogue import StoredCatalogue
from service.workflows.recalls.serving import Serving
from service.workflows.versions import scrubs
from service.workflows.versions.aliases import roll_back
from service.workflows.versions.loaded import LoadedVersions
from tests.service.workflows.in_process import BY, InProcessService

ROWS = [(f"PART-{number}", "maker", f"maker {number % 7}") for number in range(50)]


@pytest.fixture
def shop(db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> InProcessService:
    """A service whose champion an earlier version has written, as a process finds it that has just started."""
    made = InProcessService(db, settings)
    made.upload(ROWS)
    monkeypatch.setattr(artefact, "FORMAT", artefact.FORMAT - 1)
    made.train()
    monkeypatch.undo()
    made.editors = made.process()
    return made


def test_it_is_told_from_damage(shop: InProcessService) -> None:
    with pytest.raises(MemoryOutdated) as outdated:
        shop.stored(shop.champion().id)
    assert (outdated.value.status, outdated.value.code) == (503, Code.MEMORY_OUTDATED)
    assert shop.info(shop.champion().id).retained


def test_a_service_with_one_is_ready(shop: InProcessService) -> None:
    """Nothing that a person could wait for makes it readier."""
    catalogue = StoredCatalogue(shop.db, shop.settings, LoadedVersions(shop.settings))
    readiness = Readiness(shop.db, Serving(catalogue), shop.settings)
    [champion] = readiness.champions()
    asyncio.run(readiness.load([champion]))


def test_a_scrub_calls_it_outdated(shop: InProcessService) -> None:
    """Not damaged, and nothing is rebuilt, since the same recipe would give other bytes now."""
    scrubs.order(shop.db, shop.champion().id, BY)
    job = shop.work()
    assert job.result is not None
    assert (job.state, job.result["state"], job.result["rebuilt"]) == (JobState.SUCCEEDED, ScrubState.OUTDATED, [])
    assert scrubs.list_damaged(shop.db) == []


def test_an_edit_orders_the_training(shop: InProcessService) -> None:
    outdated = shop.champion().id
    assert isinstance(shop.edit([("PART-1", "maker", "new")]), EditAccepted)
    assert shop.work().state is JobState.SUCCEEDED
    assert shop.champion().id != outdated
    assert shop.is_right(shop.champion().id)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_rollback_does_not_move_to_what_cannot_be_served(shop: InProcessService, damaged: bool) -> None:
    """Neither an outdated nor a damaged memory: the alias stays where it is."""
    if damaged:
        shop.train()
        manifest = shop.settings.memories / shop.champion().id / artefact.MANIFEST
        manifest.write_bytes(manifest.read_bytes()[:-3])
    shop.train(seed=2)
    champion = shop.champion().id
    with pytest.raises(MemoryMismatch if damaged else MemoryOutdated):
        roll_back(shop, shop.dictionary, CHAMPION, AliasRollback(reason="r"), by=BY)
    assert shop.champion().id == champion
    with shop.db.reading() as tx:
        held = aliases.find(tx, shop.row(tx).number, CHAMPION)
    assert held is not None
    assert not held.pinned
