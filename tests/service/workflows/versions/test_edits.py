"""Edits: all or nothing, in one commit with the version that holds them."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from schemas.edits import EditAccepted, EditReply, EditStatus, FactBatch
from schemas.jobs import JobState
from schemas.uploads import Mode
from service import secret_files
from service.errors import Conflict, PreconditionFailed, Unprocessable
from service.memory import fit
from service.memory.recipe import Resolved
from service.settings import Settings
from service.storage import Database, aliases, lookup, memories
from service.workflows.ledger import edits
from tests.service.workflows.in_process import BY, InProcessService

ROWS = [(f"PART-{number}", relation, f"{relation} {number * 7 % 13}") for number in range(300) for relation in "abc"]
MANY = 400


@pytest.fixture
def shop(db: Database, settings: Settings) -> InProcessService:
    """A dictionary of 900 facts with a champion."""
    made = InProcessService(db, settings)
    made.upload(ROWS)
    assert made.train().state is JobState.SUCCEEDED
    return made


def statuses(reply: EditReply | EditAccepted) -> list[EditStatus]:
    return [result.status for result in reply.results]


def fresh_digest(shop: InProcessService, memory: str) -> str:
    """Of a training of what the ledger holds now, by the same resolved recipe."""
    secret = secret_files.read(shop.settings.secrets, shop.dictionary)
    return fit(shop.facts(), Resolved.from_json(shop.info(memory).recipe), secret=secret, device="cpu").digest


def test_an_edit_is_a_version_that_holds_the_ledger(shop: InProcessService) -> None:
    """Each item is told what became of it, in the order sent; the champion is a new version of the same lineage, served
    by this process, and recalls every fact; the one before still recalls its own.
    """
    before = shop.champion()
    put = [("PART-0", "a", "new"), ("PART-1", "a", "a 7"), ("PART-1 b ", "a", "a 7")]
    reply = shop.edit(put, [("PART-2", "b"), ("nobody", "b")])
    assert isinstance(reply, EditReply)
    assert statuses(reply) == ["updated", "unchanged", "created", "deleted", "absent"]
    after = shop.champion()
    assert (reply.memory, reply.ledger_version) == (after.id, 2)
    assert (after.lineage, after.seq) == (before.id, 1)
    assert shop.adopted == [after.id]
    assert shop.is_right(after.id)
    assert shop.is_right(before.id)
    assert shop.stored(after.id).recall(["PART-0", "PART-2"], ["a", "b"]).answers == [("new",), ()]


def test_a_version_is_what_a_training_would_have_made(shop: InProcessService) -> None:
    """After random edits, among them deletions, the digest is that of a fresh training by the same resolved recipe."""
    draw = random.Random(1)
    for _ in range(30):
        subject = f"PART-{draw.randrange(320)}"
        shop.edit([(subject, "a", f"a {draw.randrange(13)}")], [(f"PART-{draw.randrange(300)}", "c")])
    champion = shop.champion().id
    assert shop.info(champion).digest == shop.stored(champion).digest == fresh_digest(shop, champion)


def test_many_single_edits_disturb_nothing(shop: InProcessService) -> None:
    """Four hundred: every pair that was edited is right in the end, every other is as it was, and each edit adds less
    than 100 kB.
    """
    files = [shop.settings.data / "factstore.db", *shop.settings.memories.rglob("*.*")]
    size = sum(file.stat().st_size for file in files)
    draw, held = random.Random(2), {(subject, relation): answer for subject, relation, answer in ROWS}
    for number in range(MANY):
        pair = (f"PART-{draw.randrange(330)}", draw.choice("abc"))
        if number % 5:
            held[pair] = f"{pair[1]} {draw.randrange(15)}"
            shop.edit([(*pair, held[pair])])
        else:
            held.pop(pair, None)
            shop.edit((), [pair])
    memory = shop.stored(shop.champion().id)
    pairs = sorted({*held, *((subject, relation) for subject, relation, _ in ROWS)})
    recalled = memory.recall([subject for subject, _ in pairs], [relation for _, relation in pairs])
    assert recalled.answers == [(held[pair],) if pair in held else () for pair in pairs]
    assert (sum(file.stat().st_size for file in files) - size) / MANY < 100_000


def test_a_batch_is_all_or_nothing(shop: InProcessService) -> None:
    """An item that cannot be taken is named by its index, and nothing of its batch is stored."""
    before = shop.champion()
    batch = {
        "upsert": [
            {"subject": "PART-0", "relation": "a", "answer": "new"},
            {"subject": "x", "relation": "a", "answer": "1"},
            {"subject": " x", "relation": "a", "answer": "2"},
        ]
    }
    with pytest.raises(Unprocessable) as refused:
        edits.apply(shop, shop.dictionary, FactBatch.model_validate(batch), by=BY)
    assert refused.value.extra == {"op": "upsert", "index": 2}
    assert shop.champion() == before
    assert len(shop.facts()) == len(ROWS)


@pytest.mark.parametrize(
    "item",
    [
        {"subject": " ", "relation": "a", "answer": "1"},
        {"subject": "x", "relation": "\ufeff", "answer": "1"},
        {"subject": "x", "relation": "a", "answer": "\u3000"},
        {"subject": "x", "relation": "a"},
        {"subject": "x", "relation": "a", "answers": []},
        {"subject": "x", "relation": "a", "answers": ["1", ""]},
        {"subject": "x", "relation": "a", "answer": "1", "answers": ["1"]},
        {"subject": "x" * 131_073, "relation": "a", "answer": "1"},
        {"subject": "x", "relation": "a", "answer": "1\0"},
    ],
)
def test_an_item_that_is_no_fact_is_refused(shop: InProcessService, item: dict[str, object]) -> None:
    """Blank names and answers, no answer or two kinds of it, cells too long, characters that are no text."""
    fine = {"subject": "y", "relation": "a", "answer": "1"}
    with pytest.raises(Unprocessable) as refused:
        edits.apply(shop, shop.dictionary, FactBatch.model_validate({"upsert": [fine, item]}), by=BY)
    assert refused.value.extra == {"op": "upsert", "index": 1}


def test_a_batch_holds_something_and_not_too_much(shop: InProcessService) -> None:
    """An empty batch is refused, and so is one of more than 10,000 items."""
    for batch in ({}, {"upsert": [_named(at) for at in range(5_001)], "delete": [_pair(at) for at in range(5_000)]}):
        with pytest.raises(Unprocessable):
            edits.apply(shop, shop.dictionary, FactBatch.model_validate(batch), by=BY)


def _named(at: int) -> dict[str, str]:
    return {"subject": f"s{at}", "relation": "a", "answer": "1"}


def _pair(at: int) -> dict[str, str]:
    return {"subject": f"d{at}", "relation": "a"}


def test_a_repeated_request_gets_its_first_reply(shop: InProcessService) -> None:
    """Under the same Idempotency-Key nothing happens twice; with another body the key is refused."""
    first = shop.edit([("PART-0", "a", "new")], key="once")
    shop.edit([("PART-0", "a", "newer")])
    assert shop.edit([("PART-0", "a", "new")], key="once") == first
    assert shop.stored(shop.champion().id).recall(["PART-0"], ["a"]).answers == [("newer",)]
    with pytest.raises(Conflict):
        shop.edit([("PART-0", "a", "newest")], key="once")


def test_an_edit_can_insist_on_the_ledger_it_knows(shop: InProcessService) -> None:
    """If-Match names the ledger version, with or without quotes; another version is refused and changes nothing."""
    shop.edit([("PART-0", "a", "1")], if_match='"1"')
    with pytest.raises(PreconditionFailed):
        shop.edit([("PART-0", "a", "2")], if_match='"1"')
    assert shop.edit([("PART-0", "a", "2")], if_match="*").ledger_version == 3
    assert shop.edit([("PART-0", "a", "3")], if_match='"2", "3"').ledger_version == 4


def test_an_edit_that_changes_nothing_makes_no_version(shop: InProcessService) -> None:
    """The ledger stays at its version and the champion where it is."""
    before = shop.champion()
    reply = shop.edit([("PART-0", "a", "a 0")], [("nobody", "a")])
    assert (statuses(reply), reply.ledger_version, reply.memory) == (["unchanged", "absent"], 1, before.id)


def test_the_ledger_says_which_edit_a_fact_comes_from(shop: InProcessService) -> None:
    """Upload and line of an edited fact are the edit's id and the place of the item in the batch, from 1 on."""
    shop.edit([("PART-0", "a", "1"), ("PART-1", "a", "2")])
    with shop.db.reading() as tx:
        row = shop.row(tx)
        source = lookup.find_pairs(tx, row.number, row.ledger_version, [("PART-1", "a")])["PART-1", "a"]
    assert source.upload.startswith("edt_")
    assert (source.line, source.answers) == (2, ("2",))


def test_without_a_champion_only_the_ledger_is_edited(db: Database, settings: Settings) -> None:
    """The reply names no memory and no job."""
    shop = InProcessService(db, settings)
    reply = shop.edit([("PART-0", "a", "1")])
    assert isinstance(reply, EditReply)
    assert (statuses(reply), reply.memory, reply.ledger_version) == (["created"], None, 1)


def test_what_the_bank_has_no_room_for_is_trained(shop: InProcessService) -> None:
    """A relation never taught makes the ledger's edit at once and queues one training, by the recipe the champion was
    asked for with; the old version serves until it has ended, and further edits wait for the same training.
    """
    before = shop.champion().id
    reply = shop.edit([("PART-0", "colour", "red")], key="once")
    assert isinstance(reply, EditAccepted)
    assert (statuses(reply), reply.ledger_version, reply.state) == (["created"], 2, JobState.QUEUED)
    again = shop.edit([("PART-1", "colour", "blue")])
    assert isinstance(again, EditAccepted)
    assert again.id == reply.id
    assert shop.champion().id == before
    ended = shop.work()
    assert (ended.id, ended.memory) == (reply.id, shop.champion().id)
    assert shop.is_right(shop.champion().id)
    repeated = shop.edit([("PART-0", "colour", "red")], key="once")
    assert isinstance(repeated, EditAccepted)
    assert repeated.state is JobState.SUCCEEDED


def test_another_process_goes_on_from_a_committed_edit(shop: InProcessService) -> None:
    """Two processes that edit in turn, and one that starts later, make the versions that one alone would have made."""
    first, second = shop.editors, shop.process()
    for number in range(6):
        shop.editors = (first, second)[number % 2]
        shop.edit([(f"PART-{number}", "a", "a 5")], [(f"PART-{number}", "b")])
    shop.editors = shop.process()
    shop.edit([("PART-9", "c", "c 1")])
    champion = shop.champion()
    assert champion.seq == 7
    assert shop.info(champion.id).digest == fresh_digest(shop, champion.id)


def test_a_small_upload_is_an_edit(shop: InProcessService) -> None:
    """In either mode the receipt names the version that serves the upload; many new pairs wait for a training."""
    receipt = shop.upload([("PART-0", "a", "1"), ("PART-0", "a", "2")])
    assert receipt.memory == shop.champion().id
    assert shop.stored(shop.champion().id).recall(["PART-0"], ["a"]).answers == [("1", "2")]
    receipt = shop.upload(ROWS[3:], Mode.REPLACE)
    assert (receipt.deleted, receipt.memory) == (3, shop.champion().id)
    assert shop.is_right(shop.champion().id)
    before = shop.champion()
    receipt = shop.upload([(f"OTHER-{number}", "colour", "red") for number in range(50)])
    assert (receipt.memory, shop.champion()) == (None, before)


def test_a_champion_left_behind_is_brought_up_by_the_next_edit(shop: InProcessService) -> None:
    """While it is pinned the ledger goes on alone; once let go, an edit takes in everything that it has missed."""
    pin(shop, pinned=True)
    before = shop.champion()
    reply = shop.edit([("PART-0", "a", "1")])
    assert isinstance(reply, EditReply)
    assert (reply.memory, reply.ledger_version) == (before.id, 2)
    assert shop.upload([("PART-1", "a", "1")]).memory is None
    pin(shop, pinned=False)
    shop.edit([("PART-2", "a", "1")])
    assert shop.champion().ledger_version == 4
    assert shop.is_right(shop.champion().id)


def pin(shop: InProcessService, *, pinned: bool) -> None:
    with shop.db.writing() as tx:
        row, champion = shop.row(tx), memories.find_champion(tx, shop.dictionary)
        assert champion is not None
        aliases.switch(tx, row.number, aliases.Switch("champion", champion.id, BY, "test", pinned=pinned))


def test_a_failed_commit_leaves_no_trace(shop: InProcessService) -> None:
    """Whatever raises before the commit, ledger and champion stay, and the next edit starts where they are."""

    def fail(_tx: object, _edited: object) -> None:
        raise RuntimeError

    before = shop.champion()
    batch = FactBatch.model_validate({"upsert": [_named(1)]})
    with pytest.raises(RuntimeError):
        edits.apply(shop, shop.dictionary, batch, by=BY, also=fail)
    assert shop.champion() == before
    shop.edit([("PART-0", "a", "1")])
    assert shop.is_right(shop.champion().id)
    assert Path(shop.settings.memories / before.id).exists()


def test_the_last_fact_may_go(shop: InProcessService) -> None:
    """A champion that holds nothing any more answers unknown, and learns again."""
    pairs = sorted({(subject, relation) for subject, relation, _ in ROWS})
    reply = shop.edit((), pairs)
    assert reply.memory == shop.champion().id
    memory = shop.stored(shop.champion().id)
    assert (memory.pairs, memory.facts) == (0, 0)
    assert not memory.recall(["PART-0"], ["a"]).known.any()
    shop.edit([("PART-0", "a", "a 0")])
    assert shop.is_right(shop.champion().id)
    champion = shop.champion().id
    assert shop.info(champion).digest == fresh_digest(shop, champion)


def test_edits_that_come_together_follow_each_other(shop: InProcessService) -> None:
    """Twenty edits from four threads are twenty versions of one lineage, and the last one holds them all."""
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda number: shop.edit([(f"PART-{number}", "a", "new")]), range(1, 21)))
    assert sorted(reply.ledger_version for reply in replies) == list(range(2, 22))
    champion = shop.champion()
    assert champion.seq == 20
    assert shop.info(champion.id).digest == fresh_digest(shop, champion.id)
