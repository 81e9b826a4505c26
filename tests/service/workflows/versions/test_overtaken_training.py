"""A training that a reset of the ledger overtakes does not bring back what was taken back."""

from typing import Any

import pytest

import service.memory
from schemas.aliases import AliasRollback
from schemas.jobs import JobState
from service.settings import Settings
from service.storage import Database
from service.storage.aliases import CHAMPION
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
