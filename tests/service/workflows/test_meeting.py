"""Operations that meet: what one has read, another changes before it is acted upon."""

from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from schemas.grants import GrantPut
from schemas.policies import PoliciesPut
from schemas.problems import Code
from service.errors import Conflict
from service.ingest import read_table
from service.resources import find_gone
from service.settings import Settings
from service.storage import Database, grants
from service.storage.tables import heartbeats
from service.workflows.ledger import ingest
from service.workflows.policies import policies
from tests.service.workflows.in_process import BY, InProcessService


def test_policies_that_change_while_a_file_is_read_are_a_conflict(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is stored under policies that no longer hold, and the caller is told to send it again."""
    shop = InProcessService(db, settings)
    read = read_table

    def read_beside_a_change(*given: Any, **options: Any) -> Any:
        parsed = read(*given, **options)
        wanted = PoliciesPut.model_validate({"policies": [{"relation": "note", "policy": "drop"}], "reason": "r"})
        policies.put(shop, shop.dictionary, wanted, by=BY, if_match=None)
        return parsed

    monkeypatch.setattr(ingest, "read_table", read_beside_a_change)
    with pytest.raises(Conflict) as refused:
        shop.upload([("a", "note", "1")])
    assert (refused.value.status, refused.value.code) == (409, Code.POLICIES_CHANGED)
    assert not len(shop.facts())


def test_a_row_about_what_is_gone_is_not_found(db: Database) -> None:
    """A dictionary that is deleted between a look-up and what is written about it is 404, no fault of the service; a
    row that breaks another rule is one.
    """
    with pytest.raises(IntegrityError) as raised, db.writing() as tx:
        grants.put(tx, 12345, "key_1", GrantPut(), "key_1")
    gone = find_gone(raised.value)
    assert gone is not None
    assert gone.status == 404
    with pytest.raises(IntegrityError) as raised, db.writing() as tx:
        tx.execute(insert(heartbeats).values(worker="w", at=None))
    assert find_gone(raised.value) is None
