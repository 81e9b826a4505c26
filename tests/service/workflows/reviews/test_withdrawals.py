"""A champion that reviews find wrong leaves by itself."""

import json
from collections.abc import Iterable, Sequence

import pytest

from schemas.jobs import JobState
from schemas.reviews import Review, ReviewCreate, ReviewDecide, ReviewOrder, ReviewState, SampleCreate
from service.settings import Settings
from service.storage import Database, aliases, audit
from service.storage.reviews import Listing
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.reviews import decisions, error_rates, reviews, samples
from service.workflows.reviews.reviews import Reviewer
from tests.service.workflows.in_process import InProcessService

FACTS = [(f"PART-{number}", "maker", f"maker {number}") for number in range(40)]
REVIEWER = Reviewer("key_of_a_reviewer", None)


@pytest.fixture
def shop(db: Database, settings: Settings) -> InProcessService:
    """Reviews may find 5 % wrong, from samples of 20 on."""
    return InProcessService(db, settings.model_copy(update={"review_max_error": 0.05, "review_min_sample": 20}))


def trained(shop: InProcessService, rows: Iterable[tuple[str, str, str]]) -> str:
    shop.upload(rows)
    job = shop.train()
    assert job.state is JobState.SUCCEEDED
    return str(job.memory)


def sampled(shop: InProcessService, count: int) -> Sequence[Review]:
    champion = shop.champion()
    served = ServedMemory(champion.id, shop.dictionary, champion.ledger_version, shop.stored(champion.id))
    samples.draw(shop, served, SampleCreate(count=count), "key_of_an_auditor")
    return reviews.list_reviews(
        shop.db, shop.dictionary, Listing(ReviewState.OPEN, ReviewOrder.RANDOM, None, 100)
    ).reviews


def correct(shop: InProcessService, items: Iterable[Review]) -> None:
    for item in items:
        wanted = ReviewDecide(decision="correct", answers=["another"], reason="wrong")
        decisions.decide(shop, shop.dictionary, item.id, wanted, REVIEWER)


def history(shop: InProcessService) -> list[str]:
    with shop.db.reading() as tx:
        return [event.action for event in aliases.list_events(tx, shop.row(tx).number, "champion")]


def test_the_champion_rolls_back_to_what_did_not_err(shop: InProcessService) -> None:
    """Enough wrong answers in a sample of the champion, which corrections have moved on: the newest memory that gave
    other answers serves, pinned; the history and the audit chain say why.
    """
    good = trained(shop, FACTS)
    shop.upload([(subject, relation, "wrong") for subject, relation, _ in FACTS])
    shop.edit([("PART-0", "maker", "wrong too")])  # a version with the same errors, which is passed over
    bad = str(shop.train().memory)
    items = sampled(shop, 25)
    correct(shop, items[:4])
    assert shop.champion().id not in {good, bad}
    correct(shop, items[4:8])
    assert shop.champion().id == good
    with shop.db.reading() as tx:
        champion = aliases.find(tx, shop.row(tx).number, "champion")
        [entry] = audit.read_page(tx, audit.EntryFilter(act="rollback", dictionary=shop.dictionary), None, 10)
    assert champion is not None
    assert champion.pinned
    assert history(shop)[0] == "automatic rollback"
    assert (entry.by, json.loads(entry.details)["withdrawn"]) == ("service", bad)


def test_no_memory_is_left_twice(shop: InProcessService) -> None:
    """Put back by somebody who knows better, a withdrawn memory stays, whatever else is found in its sample."""
    trained(shop, FACTS)
    bad = trained(shop, [(subject, relation, "wrong") for subject, relation, _ in FACTS])
    items = sampled(shop, 25)
    correct(shop, items[:8])
    assert history(shop).count("automatic rollback") == 1
    with shop.db.writing() as tx:
        aliases.switch(tx, shop.row(tx).number, aliases.Switch("champion", bad, "key", "we know better"))
    correct(shop, items[8:12])
    assert (shop.champion().id, history(shop).count("automatic rollback")) == (bad, 1)
    estimate = error_rates.estimate(shop.db, shop.settings, shop.dictionary, bad)
    assert (estimate.verdict, estimate.wrong) == ("exceeded", 12)


def test_where_nothing_is_better_the_champion_stays(shop: InProcessService) -> None:
    """Every earlier memory gave the same wrong answers: there is nothing to go back to."""
    trained(shop, [(subject, relation, "wrong") for subject, relation, _ in FACTS])
    trained(shop, [("PART-99", "maker", "somebody")])
    correct(shop, sampled(shop, 25)[:10])
    assert "automatic rollback" not in history(shop)


def test_reports_alone_move_nothing(shop: InProcessService) -> None:
    """Whoever reports chooses what to report: forty wrong answers that were reported say nothing of the rate."""
    trained(shop, FACTS)
    trained(shop, [(subject, relation, "wrong") for subject, relation, _ in FACTS])
    champion = shop.champion()
    served = ServedMemory(champion.id, shop.dictionary, champion.ledger_version, shop.stored(champion.id))
    for subject, relation, _ in FACTS[:12]:
        doubt = ReviewCreate(subject=subject, relation=relation)
        correct(shop, [reviews.report(shop, served, doubt, "key_of_a_tool")])
    assert "automatic rollback" not in history(shop)
    estimate = error_rates.estimate(shop.db, shop.settings, shop.dictionary, champion.id)
    assert (estimate.drawn, estimate.rate, estimate.reported.wrong) == (0, None, 12)
