"""Entries, commitments, retention, and who may be told what."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from schemas.audit import Tampering
from service.errors import Unavailable
from service.settings import Settings
from service.storage import audit
from service.storage.stamps import now
from service.storage.tables.access import audit_entries as entries
from service.storage.tables.access import audit_head, audit_salts
from service.workflows.audit import Act, Auditor, Event, verify
from service.workflows.audit.chain import encode
from service.workflows.audit.commitments import KEPT, Committer
from tests.service.workflows.audit.chains import Audited, event


class RolledBack(Exception):
    """What an act may meet after its entry was written."""


PAIR = {"subject": ["PART-0042"], "relation": ["color"], "answer": ["red"]}


def test_an_act_that_is_rolled_back_leaves_no_entry(audited: Audited) -> None:
    """The entry and what it speaks of are one transaction."""

    def fails() -> None:
        with audited.db.writing() as tx:
            audited.auditor.record(tx, event(1))
            raise RolledBack

    with pytest.raises(RolledBack):
        fails()
    assert audited.verdict().entries == 0


def test_entries_of_several_writers_follow_each_other(audited: Audited) -> None:
    """Threads and auditors that write at once make one chain without a gap."""
    other = Auditor(audited.db, audited.settings)

    def write(number: int) -> None:
        with audited.db.writing() as tx:
            (other if number % 2 else audited.auditor).record(tx, event(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    verdict = audited.verdict()
    assert (verdict.valid, verdict.first, verdict.last) == (True, 1, 40)


def test_the_secret_is_its_own_and_only_the_owner_reads_it(audited: Audited) -> None:
    """32 random bytes with mode 0600, made once."""
    path = audited.settings.secrets / "audit"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert len(before) == 32
    Auditor(audited.db, audited.settings)
    assert path.read_bytes() == before


def test_a_lost_secret_is_not_made_anew(audited: Audited) -> None:
    """A chain that nobody can verify any more must not look like one that was begun today."""
    (audited.settings.secrets / "audit").unlink()
    with pytest.raises(Unavailable):
        Auditor(audited.db, audited.settings)


def test_a_start_that_was_killed_is_made_up_for(audited: Audited) -> None:
    """Whether it died before or after the chain was committed, the next start has a secret that fits."""
    secrets = audited.settings.secrets
    (secrets / "audit").rename(secrets / ".audit")
    Auditor(audited.db, audited.settings)
    assert audited.verdict().valid
    with audited.db.writing() as tx:
        tx.execute(delete(audit_head))
    (secrets / "audit").rename(secrets / ".audit")
    again = Audited(audited.db, audited.settings, Auditor(audited.db, audited.settings))
    assert again.verdict().valid


def test_a_chain_that_was_emptied_stays_found(audited: Audited) -> None:
    """Entries written after the head was taken away do not bring it back."""
    audited.record(event(1), event(2))
    with audited.db.writing() as tx:
        for table in (entries, audit_salts, audit_head):
            tx.execute(delete(table))
    audited.record(event(3))
    finding = audited.verdict().finding
    assert finding is not None
    assert finding.kind is Tampering.CUT_OFF


def test_dropped_salts_leave_the_chain_whole(audited: Audited) -> None:
    """After a purge the pair is found in no entry, in no spelling; every other pair still is, and the chain holds."""
    other = {"subject": ["PART-0042", "PART-0043"], "relation": ["color", "color"], "answer": ["red", "blue"]}
    spelled = {"subject": ["ｐａｒｔ-0042"], "relation": ["COLOR"], "answer": ["red"]}
    audited.record(*(Event(Act.RECALL, "key", "dic", "mem", {}, texts) for texts in (PAIR, other, spelled)))
    audited.record(Event(Act.RECALL, "key", "another", "mem", {}, PAIR))
    head = audited.head()
    with audited.db.writing() as tx:
        assert audited.auditor.drop_salts(tx, "dic", [("PART-0042", "color")]) == 3
        assert audited.auditor.drop_salts(tx, "dic", [("PART-0042", "color")]) == 0
        assert audited.auditor.drop_salts(tx, "dic", [("PART-0043", "color")]) == 1
        assert audited.auditor.drop_all_salts(tx, "another") == 1
    assert audited.verdict(head).valid


def test_salts_that_somebody_else_dropped_are_found(audited: Audited) -> None:
    """Only the service overwrites a salt without breaking its seal."""
    audited.record(Event(Act.RECALL, "key", "dic", "mem", {}, PAIR))
    with audited.db.writing() as tx:
        tx.execute(update(audit_salts).values(salts=bytes(KEPT)))
    finding = audited.verdict().finding
    assert finding is not None
    assert (finding.number, finding.kind) == (1, Tampering.ALTERED)


def test_what_is_not_aligned_is_refused() -> None:
    """Columns of different lengths would commit to pairs that nobody meant."""
    with pytest.raises(ValueError, match="is shorter"):
        Committer(bytes(32)).commit({"subject": ["a", "b"], "relation": ["r", "r"], "answer": ["1"]})


def test_the_chain_holds_after_retention(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old entries go behind a checkpoint; what is left verifies, also against a head from before, and on and on."""
    audited.record(*map(event, range(1, 11)))
    exported = audited.head()
    for kept in (event(11), event(12)):
        monkeypatch.setattr(verify, "now", lambda: _after(1))
        assert verify.retain(audited.db, audited.auditor, 0.5) > 0
        verdict = audited.verdict(exported)
        assert (verdict.valid, verdict.entries) == (True, 1)
        audited.record(kept)
    with audited.db.writing() as tx:
        tx.execute(delete(entries).where(entries.c.act == Act.CHECKPOINT))
    finding = audited.verdict().finding
    assert finding is not None
    assert finding.kind is Tampering.MISSING


def test_retention_drops_no_evidence(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the chain does not hold nothing is dropped."""
    audited.record(*map(event, range(1, 6)))
    with audited.db.writing() as tx:
        tx.execute(delete(entries).where(entries.c.number == 3))
    monkeypatch.setattr(verify, "now", lambda: _after(1))
    assert verify.retain(audited.db, audited.auditor, 0.5) == 0
    with audited.db.reading() as tx:
        assert len(audit.read_page(tx, audit.EntryFilter(), None, 100)) == 4


def test_nothing_is_dropped_by_default() -> None:
    """Retention is only what somebody sets."""
    assert Settings().audit_keep_days is None


fields = st.one_of(st.none(), st.integers(), st.text(st.characters(exclude_categories=["Cs"])), st.binary())


@given(st.lists(fields, max_size=5), st.lists(fields, max_size=5))
def test_no_two_entries_are_authenticated_alike(one: list[object], other: list[object]) -> None:
    """The encoding under a MAC is equal only for equal fields, whatever they contain."""
    assert (encode(*one) == encode(*other)) == (one == other)


def _after(days: int) -> datetime:
    return now() + timedelta(days=days)
