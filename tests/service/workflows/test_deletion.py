"""What a dictionary has beside the database goes after the commit that deletes it, and goes for certain."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from service.settings import Settings
from service.storage import Database, dictionaries
from service.workflows.identity import check_identity
from service.workflows.ledger import dictionaries as workflow
from service.workflows.sweep import NEW_SECONDS, sweep
from tests.service.workflows.in_process import BY, InProcessService

ROWS = [(f"PART-{number}", "maker", f"maker {number % 7}") for number in range(50)]


class FullError(Exception):
    """A disk that is full when the deletion would be committed."""


def test_a_deletion_that_is_not_committed_takes_nothing(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dictionary is there with its secret, and its memory answers."""
    shop = InProcessService(db, settings)
    shop.upload(ROWS)
    shop.train()
    writing = db.writing

    @contextmanager
    def failing() -> Iterator[Connection]:
        with writing() as tx:
            yield tx
            raise FullError

    monkeypatch.setattr(db, "writing", failing)
    with pytest.raises(FullError):
        workflow.delete(db, settings, shop.auditor, shop.dictionary, BY)
    monkeypatch.undo()
    assert shop.is_right(shop.champion().id)


def test_a_secret_that_a_killed_deletion_left_is_shredded(db: Database, settings: Settings) -> None:
    """At the next start, with its policy secret. Those of dictionaries that are there stay, and one just written."""
    shop = InProcessService(db, settings)
    check_identity(db, settings)
    with db.writing() as tx:
        gone = dictionaries.add(tx, "gone").id
        dictionaries.remove(tx, dictionaries.get_dictionary(tx, gone).number)
    old = time.time() - NEW_SECONDS - 1
    for name in (gone, f"{gone}.policy"):
        (settings.secrets / name).write_bytes(bytes(32))
        os.utime(settings.secrets / name, (old, old))
    os.utime(settings.secrets / shop.dictionary, (old, old))
    (settings.secrets / "dic_new").write_bytes(bytes(32))
    others = {file.name for file in settings.secrets.iterdir() if not file.name.startswith("dic_")}
    sweep(db, settings)
    assert {file.name for file in settings.secrets.iterdir()} == {shop.dictionary, "dic_new", *others}
