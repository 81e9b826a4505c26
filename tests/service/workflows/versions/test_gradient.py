"""A dictionary whose memory is trained end to end: edits train anew, stopped trainings go on, damage is mended."""

from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from schemas.edits import EditAccepted
from schemas.jobs import JobKind, JobState
from schemas.keys import Role
from schemas.memories import MemoryCreate, RecipeRequest
from schemas.purge import PurgeRequest
from service.settings import Settings
from service.storage import Database, jobs
from service.worker import KINDS
from service.workflows.access.authenticator import Caller
from service.workflows.jobs import checkpoints
from service.workflows.jobs.attempt import Attempt
from service.workflows.jobs.jobs import cancel, find, perform
from service.workflows.ledger import dictionaries
from service.workflows.purges import backup, purge
from service.workflows.sweep import sweep
from service.workflows.versions import scrubs
from service.workflows.versions.memories import order_training
from tests.service.workflows.in_process import BY, InProcessService

ROWS = [(f"PART-{number}", "a", f"a {number % 7}") for number in range(24)]
RECIPE = RecipeRequest(solver="gradient")


@pytest.fixture
def shop(db: Database, settings: Settings) -> InProcessService:
    made = InProcessService(db, settings)
    made.upload(ROWS)
    return made


def stop_halfway(shop: InProcessService) -> str:
    """The id of a training that was interrupted after it had kept something."""
    job = order_training(shop.db, shop.dictionary, MemoryCreate(recipe=RECIPE), BY, None)
    with shop.db.writing() as tx:
        claim = jobs.claim(tx, "worker", timedelta(seconds=60), job.id)
    assert claim is not None
    perform(Stopping(shop.db, shop.settings, claim, Event()), KINDS)
    assert find(shop.db, job.id).state is JobState.QUEUED
    return job.id


class Stopping(Attempt):
    """An attempt whose worker is told to stop once every block is trained."""

    def progress(self, fraction: float, step: str) -> None:
        if step == "verifying every pair":
            self._stopping.set()
        super().progress(fraction, step)


def kept(settings: Settings) -> list[Path]:
    return [path for path in settings.checkpoints.rglob("*") if path.is_file()]


def test_an_edit_trains_the_memory_anew(shop: InProcessService) -> None:
    """An edit and a deletion are one training by the recipe that was asked for; its memory is that of a dictionary
    which never had the deleted fact.
    """
    assert shop.train(solver="gradient").state is JobState.SUCCEEDED
    first = shop.champion()
    reply = shop.edit([("PART-0", "a", "a 6")], [("PART-1", "a")])
    assert isinstance(reply, EditAccepted)
    assert shop.work().state is JobState.SUCCEEDED
    champion = shop.champion()
    assert champion.lineage != first.lineage
    assert shop.info(champion.id).recipe["solver"] == "gradient"
    assert shop.is_right(champion.id)
    assert shop.stored(champion.id).recall(["PART-0", "PART-1"], ["a", "a"]).answers == [("a 6",), ()]
    assert shop.stored(first.id).recall(["PART-0"], ["a"]).answers == [("a 0",)]


def test_an_interrupted_training_goes_on(shop: InProcessService) -> None:
    """What it has trained is kept, by the owner alone, and taken up; nothing is left of it when the job has ended."""
    job = stop_halfway(shop)
    folder = checkpoints.folder_of(shop.settings, job)
    assert folder.stat().st_mode & 0o077 == 0
    [file] = kept(shop.settings)
    written = file.stat().st_mtime_ns
    sweep(shop.db, shop.settings)
    assert file.stat().st_mtime_ns == written
    assert shop.work().id == job
    assert shop.is_right(shop.champion().id)
    assert not folder.exists()


def test_what_a_training_keeps_goes_with_what_ends_it(shop: InProcessService, tmp_path: Path) -> None:
    """A backup leaves it out, a cancelled job's is swept away, a purge empties the others' folders, and a deleted
    dictionary takes these along.
    """
    cancelled, open_one = stop_halfway(shop), stop_halfway(shop)
    assert len(kept(shop.settings)) == 2
    backup.backup(shop.db, shop.settings, tmp_path / "backup.tar", secrets=True)
    assert b"checkpoints/" not in (tmp_path / "backup.tar").read_bytes()
    cancel(shop.db, shop.auditor, cancelled, Caller(BY, Role.ADMIN))
    sweep(shop.db, shop.settings)
    assert [path.name for path in shop.settings.checkpoints.iterdir()] == [open_one]
    assert len(kept(shop.settings)) == 1
    purge.order(shop, shop.dictionary, PurgeRequest(subject="PART-3", reason="asked to"), by=BY)
    assert shop.work().kind is JobKind.PURGE
    assert not kept(shop.settings)
    dictionaries.delete(shop.db, shop.settings, shop.auditor, shop.dictionary, BY)
    assert not list(shop.settings.checkpoints.iterdir())


def test_damage_is_mended_by_training_again(shop: InProcessService) -> None:
    """A scrub finds a flipped bit of a trained memory, and the ledger gives the same bytes again."""
    shop.train(solver="gradient")
    champion = shop.champion().id
    bank = shop.settings.memories / champion / "bank.safetensors"
    sound = bank.read_bytes()
    bank.write_bytes(sound[:-3] + bytes([sound[-3] ^ 1]) + sound[-2:])
    scrubs.order(shop.db, champion, BY)
    result = shop.work().result
    assert result is not None
    assert result["state"] == "healed"
    assert bank.read_bytes() == sound
    assert not kept(shop.settings)
