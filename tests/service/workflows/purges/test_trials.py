"""What an experiment finds of facts that are purged meanwhile is not kept."""

import pytest

from schemas.purge import PurgedPair, PurgeRequest
from service.storage import dictionaries, trials
from service.workflows.laboratory.process import Purged, StoredTrials
from service.workflows.purges.purge import order
from tests.service.workflows.purges.conftest import BY, Alone


def test_a_purge_ends_what_was_read_before_it(alone: Alone) -> None:
    """Trials from before the purge are gone; an experiment that read the facts then can add none; a later one can."""
    dictionary = alone.dictionary({("a", "r"): "1", ("b", "r"): "2"})
    before = opened(alone, dictionary)
    before.put("first", {"right": 2})
    assert before.get("first") == {"right": 2}
    order(alone, dictionary, PurgeRequest(pairs=[PurgedPair(subject="a", relation="r")], reason="asked for"), by=BY)
    with pytest.raises(Purged):
        before.put("second", {"right": 2})
    after = opened(alone, dictionary)
    assert [after.get("first"), after.get("second")] == [None, None]
    after.put("second", {"right": 1})
    with alone.db.reading() as tx:
        assert trials.find(tx, after.dictionary, "second") == {"right": 1}


def opened(alone: Alone, dictionary: str) -> StoredTrials:
    with alone.db.reading() as tx:
        row = dictionaries.find(tx, dictionary)
        assert row is not None
        return StoredTrials.before_reading(alone.db, tx, row.number)
