"""A training that a reset of the ledger overtakes does not bring back what was taken back."""

from collections.abc import Callable
from typing import Any

import pytest

import service.memory
from schemas.aliases import AliasRollback
from schemas.dictionaries import Dictionary
from schemas.jobs import JobState
from service.settings import Settings
from service.storage import Database, dictionaries, jobs
from service.storage.aliases import CHAMPION
from service.workflows.access.relations import Everything
from service.workflows.ledger.dictionaries import find as find_dictionary
from service.workflows.versions import editors, train
from service.workflows.versions.aliases import roll_back
from tests.service.workflows.in_process import BY, InProcessService

ROWS = [(f"PART-{number}", "maker", f"maker {number % 7}") for number in range(50)]
MISTAKEN = [(f"PART-{number}", "maker", "mistaken") for number in range(20)]


@pytest.mark.parametrize("room", [True, False])
def test_a_reset_beside_a_training(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, room: bool
) -> None:
    """While the memory is solved the ledger goes back. With room for the changes they are taken in; without, the
    training begins anew.
    """
    shop = InProcessService(db, settings)
    shop.upload(ROWS)
    shop.train()
    first = shop.champion().id
    shop.upload(MISTAKEN)
    fit, fitted = service.memory.fit, list[bool]()

    def fit_beside_a_reset(*given: Any, **options: Any) -> Any:
        memory = fit(*given, **options)
        if not fitted:
            back = AliasRollback(reason="r", memory=first, reset_ledger=True)
            roll_back(shop, shop.dictionary, CHAMPION, back, by=BY)
        fitted.append(True)
        return memory

    monkeypatch.setattr(train, "fit", fit_beside_a_reset)
    if not room:
        monkeypatch.setattr(editors, "MOST_CHANGES", 0)
    job = shop.train()
    assert job.state is JobState.SUCCEEDED, job.problem
    assert len(fitted) == (1 if room else 2)
    memory = shop.stored(shop.champion().id)
    subjects = [subject for subject, _, _ in ROWS]
    assert memory.recall(subjects, ["maker"] * len(ROWS)).answers == [(answer,) for _, _, answer in ROWS]


def overtake(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let `change` happen once, while a memory is solved, and let no edit have room for anything."""
    fit, fitted = service.memory.fit, list[bool]()

    def fit_beside_it(*given: Any, **options: Any) -> Any:
        memory = fit(*given, **options)
        if not fitted:
            fitted.append(True)
            change()
        return memory

    monkeypatch.setattr(train, "fit", fit_beside_it)
    monkeypatch.setattr(editors, "MOST_CHANGES", 0)


def ledger_in(db: Database, shop: InProcessService) -> Dictionary:
    with db.reading() as tx:
        return next(each for _, each in dictionaries.list_all(tx) if each.id == shop.dictionary)


def test_more_than_an_edit_takes_is_trained_next(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is replaced while a training runs: what the training publishes is behind, says so, and the training
    that it needs is queued.
    """
    shop = InProcessService(db, settings)
    shop.upload(ROWS)
    overtake(monkeypatch, lambda: shop.upload(MISTAKEN))
    assert shop.train().state is JobState.SUCCEEDED
    assert ledger_in(db, shop).behind
    assert shop.work().state is JobState.SUCCEEDED
    assert not ledger_in(db, shop).behind
    assert shop.is_right(shop.champion().id)
    assert find_dictionary(db, shop.dictionary, Everything()) == ledger_in(db, shop)


def test_an_edit_beside_a_training_of_another_recipe_leaves_that_recipe(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training that the edit needs has the recipe of the one under way, which is what was wanted last."""
    shop = InProcessService(db, settings)
    shop.upload(ROWS)
    shop.train(profile="fast")
    overtake(monkeypatch, lambda: shop.edit([("PART-1", "maker", "new")]))
    assert shop.train(profile="compact").state is JobState.SUCCEEDED
    with db.reading() as tx:
        waiting = jobs.waiting(tx)
    while waiting:
        assert shop.work().state is JobState.SUCCEEDED
        with db.reading() as tx:
            waiting = jobs.waiting(tx)
    champion = shop.champion().id
    assert shop.info(champion).recipe["weight_bits"] == 2
    assert shop.is_right(champion)
