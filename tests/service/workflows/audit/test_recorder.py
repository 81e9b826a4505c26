"""Recalls on their way into the chain."""

import json
from typing import Any

import pytest

from schemas.recall import Candidate, Result, Status
from service.storage import audit
from service.workflows.audit.auditor import SERVICE
from service.workflows.audit.commitments import rows_of
from service.workflows.recalls import recorder as recording
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.recalls.observe import LiveRecall, RecallColumns
from service.workflows.recalls.recorder import RecallRecorder
from tests.service.workflows.audit.chains import Audited


def recorder(audited: Audited, *, everything: bool, missed: int = 0) -> RecallRecorder:
    return RecallRecorder(audited.db, audited.auditor, everything=everything, missed=lambda: missed)


def batch(rows: int) -> LiveRecall:
    names = [f"PART-{row}" for row in range(rows)]
    return seen(RecallColumns(names, ["r"] * rows, [Status.ANSWERED] * rows, [("24",)] * rows))


def single(subject: str | None, relation: str | None, *candidates: Candidate) -> LiveRecall:
    return seen([Result(Status.ANSWERED, ("24",), subject, relation, 1.0, "mem", candidates, None)])


def seen(answered: Any) -> LiveRecall:
    served = ServedMemory.__new__(ServedMemory)
    served.id, served.dictionary = "mem", "dic"
    return LiveRecall(served, "champion", "key", answered)


def told(audited: Audited) -> list[tuple[str, int, int]]:
    """By whom, how many asked, how many committed to; oldest first."""
    with audited.db.reading() as tx:
        entries = audit.read_page(tx, audit.EntryFilter(act="recall"), None, 100)[::-1]
    return [(entry.by, json.loads(entry.details).get("asked", 0), rows_of(entry)) for entry in entries]


def test_all_means_every_row(audited: Audited) -> None:
    """A batch is an entry with a row for each pair."""
    recalls = recorder(audited, everything=True)
    recalls.on_recalls([batch(3_000)])
    recalls.flush()
    assert told(audited) == [("key", 3_000, 3_000)]
    assert audited.verdict().valid


def test_a_sample_counts_everything(audited: Audited) -> None:
    """Names of at most 1,000 rows between two flushes are committed to; every recall is counted."""
    recalls = recorder(audited, everything=False)
    recalls.on_recalls([batch(900), batch(3_000), batch(2_000)])
    recalls.flush()
    recalls.on_recalls([batch(50)])
    recalls.flush()
    assert told(audited) == [("key", 900, 900), ("key", 3_000, 100), ("key", 2_000, 0), ("key", 50, 50)]


def test_a_listing_commits_to_what_it_listed(audited: Audited) -> None:
    """Its candidates are the pairs; a chain, which has none, is only counted."""
    recalls = recorder(audited, everything=True)
    listed = [Candidate("PART-1", "r", ("24",)), Candidate("PART-1", "s", ("red",))]
    recalls.on_recalls([single("PART-1", None, *listed), single("PART-1", None), single("PART-1", "r")])
    recalls.flush()
    assert told(audited) == [("key", 3, 3)]


def test_what_was_not_heard_is_said(audited: Audited) -> None:
    """Queries that the observer had to drop are counted in the next entry, once."""
    recalls = recorder(audited, everything=True, missed=7)
    recalls.flush()
    recalls.flush()
    with audited.db.reading() as tx:
        [entry] = audit.read_page(tx, audit.EntryFilter(act="recall"), None, 10)
    assert (entry.by, entry.details) == (SERVICE, '{"unrecorded": 7, "unrecorded_entries": 0}')


def test_a_database_that_cannot_be_written_costs_no_entry(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is written later; beyond a bound it is counted as unrecorded."""
    recalls = recorder(audited, everything=True)
    recalls.on_recalls([batch(2)])
    with monkeypatch.context() as patched:
        patched.setattr(audited.auditor, "append", _fails)
        with pytest.raises(OSError, match="full"):
            recalls.flush()
    recalls.flush()
    assert told(audited) == [("key", 2, 2)]
    monkeypatch.setattr(recording, "MOST_READY", 1)
    recalls.on_recalls([batch(2), batch(3), batch(4)])
    recalls.flush()
    assert told(audited)[1:] == [("key", 4, 4), (SERVICE, 0, 0)]


def _fails(*_: object) -> None:
    raise OSError("the disk is full")
