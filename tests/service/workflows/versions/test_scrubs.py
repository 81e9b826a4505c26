"""A flipped bit on the disk is found, the service says so, and the memory is rebuilt from the ledger."""

from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from schemas.jobs import Job, JobKind, JobState
from schemas.scrubs import ScrubState
from service.errors import MemoryMismatch, Unavailable
from service.settings import Settings
from service.storage import Database, jobs
from service.workflows.health import Readiness
from service.workflows.jobs.attempt import Attempt
from service.workflows.jobs.jobs import find, perform
from service.workflows.recalls.serving import Serving
from service.workflows.versions import scrubs
from service.workflows.versions.loaded import LoadedVersions
from tests.service.workflows.in_process import BY, InProcessService
from tests.service.workflows.recalls.shelf import Shelf

ROWS = [(f"PART-{number}", relation, f"{relation} {number % 7}") for number in range(100) for relation in "ab"]


@pytest.fixture
def shop(db: Database, settings: Settings) -> InProcessService:
    made = InProcessService(db, settings)
    made.upload(ROWS)
    assert made.train().state is JobState.SUCCEEDED
    return made


class Watching(Attempt):
    """An attempt that notes, at every step of its progress, whether the service would call itself ready."""

    def __init__(self, shop: InProcessService, claim: jobs.Claim) -> None:
        super().__init__(shop.db, shop.settings, claim, Event())
        self.readiness = Readiness(shop.db, Serving(Shelf({})), shop.settings)
        self.ready: list[bool] = []

    def progress(self, fraction: float, step: str) -> None:
        super().progress(fraction, step)
        self.ready.append(is_ready(self.readiness))


def is_ready(readiness: Readiness) -> bool:
    try:
        readiness.champions()
    except Unavailable:
        return False
    return True


def scrubbed(shop: InProcessService) -> tuple[Job, Watching]:
    """The job of a scrub of the champion that has ended, and the attempt that did it."""
    ordered = scrubs.order(shop.db, shop.champion().id, BY)
    with shop.db.writing() as tx:
        claim = jobs.claim(tx, "worker", timedelta(seconds=60))
    assert claim is not None
    attempt = Watching(shop, claim)
    perform(attempt, {JobKind.SCRUB: scrubs.scrub})
    return find(shop.db, ordered.id), attempt


def flip(file: Path, at: int) -> bytes:
    """Change one bit, and return what the file was."""
    before = file.read_bytes()
    damaged = bytearray(before)
    damaged[at % len(damaged)] ^= 1 << at % 8
    file.write_bytes(damaged)
    return before


@pytest.mark.parametrize(
    ("name", "at"),
    [("bank.safetensors", 3), ("answers.safetensors", -5), ("names.safetensors", -9), ("manifest.json", 70)],
)
def test_a_flipped_bit_of_a_folder_is_healed(shop: InProcessService, name: str, at: int) -> None:
    """Found; not ready while it lasts; rebuilt to the very bytes that were written."""
    file = shop.settings.memories / shop.champion().id / name
    before = flip(file, at)
    with pytest.raises(MemoryMismatch):
        shop.stored(shop.champion().id)
    job, attempt = scrubbed(shop)
    assert job.state is JobState.SUCCEEDED, job.problem
    assert job.result is not None
    assert (job.result["state"], job.result["rebuilt"]) == ("healed", [shop.champion().id])
    assert file.read_bytes() == before
    assert [folder.name for folder in shop.settings.memories.iterdir()] == [shop.champion().id]
    assert not all(attempt.ready)
    assert is_ready(attempt.readiness)


def test_a_missing_file_is_healed(shop: InProcessService) -> None:
    """A folder that lost everything comes back whole."""
    folder = shop.settings.memories / shop.champion().id
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    for file in folder.iterdir():
        file.unlink()
    assert scrubbed(shop)[0].state is JobState.SUCCEEDED
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_sound_memory_stays_as_it_is(shop: InProcessService) -> None:
    """Every fact is asked, none fails, nothing is rebuilt."""
    job, attempt = scrubbed(shop)
    assert job.result is not None
    assert (job.result["state"], job.result["asked"], job.result["failing"]) == ("sound", len(ROWS), 0)
    assert (job.result["rebuilt"], all(attempt.ready)) == ([], True)
    assert scrubs.count_by_state(shop.db)[ScrubState.SOUND] == 1


def test_a_version_made_by_edits_is_healed_below_its_patches(shop: InProcessService) -> None:
    """The damage is in the folder that the champion's patches stand on: that folder is rebuilt, the version loads."""
    base = shop.champion().id
    shop.edit([("PART-1", "a", "edited")], [("PART-2", "a")])
    before = flip(shop.settings.memories / base / "bank.safetensors", 400)
    job, _ = scrubbed(shop)
    assert job.result is not None
    assert job.result["rebuilt"] == [base]
    assert (shop.settings.memories / base / "bank.safetensors").read_bytes() == before
    assert shop.is_right(shop.champion().id)


def test_a_damaged_patch_is_made_needless(shop: InProcessService) -> None:
    """The version gets a folder of its own, of the same digest; later edits go on from there."""
    shop.edit([("PART-1", "a", "edited")])
    shop.edit([("PART-3", "b", "edited")])
    digest = shop.info(shop.champion().id).digest
    with shop.db.writing() as tx:
        [(memory, patch)] = tx.execute(text("SELECT memory, patch FROM patches ORDER BY memory LIMIT 1")).all()
        damaged = bytes([*patch[:200], patch[200] ^ 4, *patch[201:]])
        tx.execute(
            text("UPDATE patches SET patch = :patch WHERE memory = :memory"), {"patch": damaged, "memory": memory}
        )
    with pytest.raises(MemoryMismatch):
        shop.stored(shop.champion().id)
    job, attempt = scrubbed(shop)
    assert job.result is not None
    assert job.result["rebuilt"] == [shop.champion().id]
    assert not all(attempt.ready)
    assert shop.stored(shop.champion().id).digest == digest
    shop.edit([("PART-4", "b", "edited")])
    assert shop.is_right(shop.champion().id)


def test_what_the_ledger_cannot_give_back_stays_damaged(shop: InProcessService) -> None:
    """Where the ledger was altered too, nothing false is published: the job fails, the service is not ready."""
    flip(shop.settings.memories / shop.champion().id / "bank.safetensors", 400)
    with shop.db.writing() as tx:
        tx.execute(text("UPDATE facts SET answer = 'altered' WHERE subject = 'PART-7'"))
    job, attempt = scrubbed(shop)
    assert job.problem is not None
    assert (job.state, job.problem.code) == (JobState.FAILED, "memory_mismatch")
    assert not is_ready(attempt.readiness)
    assert scrubs.list_damaged(shop.db) == [shop.champion().id]


def test_scrubs_come_due(shop: InProcessService) -> None:
    """A memory that an alias points at is scrubbed once in the hours that are set, and not ordered twice."""
    soon = shop.settings.model_copy(update={"scrub_hours": 1e-9})
    scrubs.schedule(shop.db, shop.settings)
    with shop.db.reading() as tx:
        assert not jobs.waiting(tx)
    scrubs.schedule(shop.db, soon)
    scrubs.schedule(shop.db, soon)
    assert shop.work().kind is JobKind.SCRUB
    with shop.db.reading() as tx:
        assert not jobs.waiting(tx)


def test_a_memory_that_is_edited_every_day_is_scrubbed(shop: InProcessService) -> None:
    """What counts is when the bytes that the champion stands on were looked at, not when its last version was made."""
    with shop.db.writing() as tx:
        tx.execute(text("UPDATE memories SET created_at = '2020-01-01 00:00:00'"))
    shop.edit([("PART-1", "a", "edited")])
    scrubs.schedule(shop.db, shop.settings)
    done = [shop.work() for _alias in ("champion", "previous")]
    assert {job.kind for job in done} == {JobKind.SCRUB}
    assert shop.champion().id in {job.memory for job in done}
    shop.edit([("PART-1", "a", "edited again")])
    scrubs.schedule(shop.db, shop.settings)
    with shop.db.reading() as tx:
        assert not jobs.waiting(tx)


def test_another_version_s_folder_is_not_taken_for_one_s_own(shop: InProcessService) -> None:
    """A sound folder of an earlier version in the champion's place is refused, and put right by a scrub."""
    first = shop.champion()
    shop.upload([("PART-0", "a", "changed"), *ROWS[1:]])
    assert shop.train().state is JobState.SUCCEEDED
    champion, memories = shop.champion(), shop.settings.memories
    kept = {file.name: file.read_bytes() for file in (memories / champion.id).iterdir()}
    for file in (memories / first.id).iterdir():
        (memories / champion.id / file.name).write_bytes(file.read_bytes())
    with shop.db.reading() as tx, pytest.raises(MemoryMismatch, match="another memory"):
        LoadedVersions(shop.settings).load(tx, champion)
    job, _ = scrubbed(shop)
    assert job.result is not None
    assert job.result["state"] == ScrubState.HEALED
    assert {file.name: file.read_bytes() for file in (memories / champion.id).iterdir()} == kept
