"""A training that is taken up again starts clean, and one that was overtaken by edits takes them in."""

from datetime import timedelta
from threading import Event

import pytest

from schemas.jobs import JobState
from schemas.memories import MemoryCreate
from schemas.uploads import Mode
from service.settings import Settings
from service.storage import Database, jobs
from service.worker import KINDS
from service.workflows.jobs.attempt import Attempt
from service.workflows.jobs.jobs import find, perform
from service.workflows.versions.memories import order_training
from tests.service.workflows.in_process import BY, InProcessService

EARLIER = "mem_of_the_killed_attempt"
ROWS = [(f"PART-{number}", "a", f"a {number % 7}") for number in range(200)]


def test_what_a_killed_attempt_wrote_is_removed(db: Database, settings: Settings) -> None:
    """Its folder and its drafts go when the next attempt starts, though its job was open when the worker swept."""
    shop = InProcessService(db, settings)
    shop.upload([("a", "r", "1")])
    job = order_training(db, shop.dictionary, MemoryCreate(), BY, None)
    with db.writing() as tx:
        killed = jobs.claim(tx, "worker", timedelta(seconds=-1))
        assert killed is not None
        jobs.set_memory(tx, killed, EARLIER)
    for name in (EARLIER, f".{EARLIER}.draft"):
        (settings.memories / name).mkdir()
    shop.work()
    ended = find(db, job.id)
    assert ended.state is JobState.SUCCEEDED
    assert [folder.name for folder in settings.memories.iterdir()] == [ended.memory]


class Overtaken(Attempt):
    """An attempt during which the ledger is edited, once: when the training is about to be published."""

    shop: InProcessService
    relation: str

    def progress(self, fraction: float, step: str) -> None:
        super().progress(fraction, step)
        if step == "publishing" and self.relation:
            relation, self.relation = self.relation, ""
            self.shop.edit([("PART-0", relation, "a 6")], [("PART-1", "a")])


@pytest.mark.parametrize("relation", ["a", "never taught"])
def test_a_training_never_takes_back_an_edit(db: Database, settings: Settings, relation: str) -> None:
    """An edit that a champion learned while another memory was trained is in what that training publishes: taken in by
    one more version, or, where the new memory has no room for it, by training again.
    """
    shop = InProcessService(db, settings)
    shop.upload([*ROWS, *(("PART-2", relation, "a 1"),) * (relation != "a")])
    shop.train()
    if relation != "a":
        shop.upload(ROWS, Mode.REPLACE)
    order_training(db, shop.dictionary, MemoryCreate(), BY, None)
    with db.writing() as tx:
        claim = jobs.claim(tx, "worker", timedelta(seconds=60))
    assert claim is not None
    attempt = Overtaken(db, settings, claim, Event())
    attempt.shop, attempt.relation = shop, relation
    perform(attempt, KINDS)
    champion = shop.champion()
    ended = find(db, claim.id)
    assert (ended.state, ended.memory) == (JobState.SUCCEEDED, champion.id)
    assert champion.seq == (1 if relation == "a" else 0)
    assert shop.stored(champion.id).recall(["PART-0", "PART-1"], [relation, "a"]).answers == [("a 6",), ()]
    assert shop.is_right(champion.id)
