"""Old versions are given up, and nothing that a kept one is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from schemas.jobs import JobKind, JobState
from service.errors import NotFound
from service.settings import Settings
from service.storage import Database, aliases, jobs
from service.storage.patches import Version
from service.workflows.sweep import sweep
from service.workflows.versions import retention
from service.workflows.versions.memories import order_verification
from service.workflows.versions.retention import decide, retain
from tests.service.workflows.in_process import BY, InProcessService

ROWS = [(f"PART-{number}", "a", f"a {number % 7}") for number in range(200)]


@pytest.fixture
def shop(db: Database, settings: Settings) -> InProcessService:
    """A champion and six versions made by edits; two are kept for their age."""
    made = InProcessService(db, settings.model_copy(update={"keep_memories": 2}))
    made.upload(ROWS)
    made.train()
    for number in range(6):
        made.edit([(f"PART-{number}", "a", "a 6")])
    return made


def versions(shop: InProcessService) -> list[str]:
    """The ids of the lineage, from the trained one on."""
    chain: list[str] = [shop.champion().id]
    while (parent := shop.info(chain[-1]).parent) is not None:
        chain.append(parent)
    return chain[::-1]


def test_versions_are_given_up_by_age_but_never_under_an_alias(shop: InProcessService) -> None:
    """The two newest and the aliased one are recalled as before; the others are not kept, though their rows are."""
    chain = versions(shop)
    with shop.db.writing() as tx:
        aliases.switch(tx, shop.row(tx).number, aliases.Switch("audited", chain[2], BY, "test"))
    retain(shop.db, shop.settings)
    kept = [memory for memory in chain if shop.info(memory).retained]
    assert kept == [chain[2], chain[5], chain[6]]
    assert all(shop.is_right(memory) for memory in kept)
    with pytest.raises(NotFound) as gone:
        shop.stored(chain[4])
    assert gone.value.code == "not_retained"
    shop.edit([("PART-9", "a", "a 1")])
    assert shop.is_right(shop.champion().id)


def test_a_lineage_that_has_grown_gets_a_folder(shop: InProcessService, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the version byte for byte; what only older versions need goes, and a restart finds everything."""
    monkeypatch.setattr(retention, "MOST_PATCHES", 4)
    chain = versions(shop)
    retain(shop.db, shop.settings)
    ended = shop.work()
    assert (ended.kind, ended.state, ended.memory) == (JobKind.CONSOLIDATE, JobState.SUCCEEDED, chain[6])
    shop.edit([("PART-7", "a", "a 1")])
    shop.edit([("PART-8", "a", "a 1")])
    retain(shop.db, shop.settings)
    sweep(shop.db, shop.settings)
    assert [folder.name for folder in shop.settings.memories.iterdir()] == [chain[6]]
    shop.editors = shop.process()
    shop.edit([("PART-9", "a", "a 1")])
    assert all(shop.is_right(memory) for memory in versions(shop)[-2:])
    with shop.db.reading() as tx:
        assert not jobs.is_open(tx, shop.row(tx).number, JobKind.CONSOLIDATE)


def test_a_version_can_be_verified_from_its_patches(shop: InProcessService) -> None:
    """A verification recalls every fact of an edited version as it lies on the disk."""
    order_verification(shop.db, versions(shop)[3], BY)
    ended = shop.work()
    assert ended.result is not None
    assert (ended.result["asked"], ended.result["right"]) == (200, 200)


def test_a_version_under_verification_is_kept(shop: InProcessService) -> None:
    """A job that waits for a version finds it."""
    order_verification(shop.db, versions(shop)[1], BY)
    retain(shop.db, shop.settings)
    assert shop.work().state is JobState.SUCCEEDED


lineage = st.lists(st.tuples(st.sampled_from("LM"), st.booleans(), st.booleans()), min_size=1, max_size=12)


@given(made=lineage, most=st.integers(1, 4), data=st.data())
def test_every_kept_version_can_still_be_made(
    made: list[tuple[str, bool, bool]], most: int, data: st.DataObject
) -> None:
    """From each kept version a chain of kept patches leads back to a kept folder; the newest are always kept."""
    places: dict[str, int] = {}
    stored = []
    for number, (name, complete, retained) in enumerate(made):
        seq = places[name] = places.get(name, -1) + 1
        first = seq == 0
        stored.append(Version(number, f"m{number}", name, seq, complete or first, retained or first, not first))
    wanted = data.draw(st.sets(st.sampled_from([version.id for version in stored if version.retained]), max_size=3))
    decision = decide(stored, wanted, most)
    kept = {version.number for version in stored if version.retained} - decision.given_up
    assert {int(memory[1:]) for memory in wanted} <= kept
    assert {version.number for version in stored if version.retained and version in stored[-most:]} <= kept
    for version in stored:
        if version.number in kept:
            chain = [other for other in stored if other.lineage == version.lineage and other.seq <= version.seq]
            for step in reversed(chain):
                if step.complete and step.number not in decision.folders:
                    break
                assert step.patched
                assert step.number not in decision.steps


def test_replies_are_kept_for_retries_and_then_let_go_of(shop: InProcessService) -> None:
    """For thirty days a request under an Idempotency-Key is not done again; then the key may come with another."""
    first = shop.edit([("PART-0", "a", "once")], key="mine")
    retain(shop.db, shop.settings)
    assert shop.edit([("PART-0", "a", "once")], key="mine") == first
    with shop.db.writing() as tx:
        tx.execute(text("UPDATE idempotency SET at = '2020-01-01 00:00:00'"))
    retain(shop.db, shop.settings)
    assert [each.status for each in shop.edit([("PART-0", "a", "twice")], key="mine").results] == ["updated"]
