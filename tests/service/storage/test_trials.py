"""Trials as rows: one for a dictionary and a digest, as long as both are there."""

from datetime import timedelta

import pytest

from schemas.jobs import JobKind
from service.storage import Database, dictionaries, jobs, trials
from service.storage.stamps import new_id


def made(db: Database) -> int:
    with db.writing() as tx:
        return dictionaries.add(tx, new_id("test")).number


def found(db: Database, dictionary: int, digest: str) -> dict[str, object] | None:
    with db.reading() as tx:
        return trials.find(tx, dictionary, digest)


def test_a_trial_is_found_by_its_dictionary_and_digest_alone(db: Database) -> None:
    """The first result of each; no other dictionary sees it, and it goes with its own."""
    mine, other = made(db), made(db)
    with db.writing() as tx:
        trials.keep(tx, mine, "a", {"right": 1})
        trials.keep(tx, mine, "b", {"right": 2})
        trials.keep(tx, mine, "a", {"right": 3})
        trials.keep(tx, other, "b", {"right": 4})
    assert [found(db, mine, "a"), found(db, mine, "b"), found(db, other, "a")] == [{"right": 1}, {"right": 2}, None]
    with db.writing() as tx:
        dictionaries.remove(tx, mine)
    assert [found(db, mine, "a"), found(db, other, "b")] == [None, {"right": 4}]


def test_forgetting_takes_trials_and_documents(db: Database) -> None:
    """Of the one dictionary: its trials, and the results of its experiments but of no other job."""
    mine, other = made(db), made(db)
    done = {}
    with db.writing() as tx:
        for dictionary, kind in ((mine, JobKind.EXPERIMENT), (mine, JobKind.VERIFY), (other, JobKind.EXPERIMENT)):
            trials.keep(tx, dictionary, kind, {"right": 1})
            jobs.add(tx, jobs.Order(kind, dictionary, {}, "key"))
            claim = jobs.claim(tx, "worker", timedelta(seconds=60))
            assert claim is not None
            jobs.succeed(tx, claim, {"figures": 1})
            done[dictionary, kind] = claim.id
        trials.forget(tx, mine)
    assert [found(db, mine, JobKind.EXPERIMENT), found(db, other, JobKind.EXPERIMENT)] == [None, {"right": 1}]
    with db.reading() as tx:
        results = {at: job.result for at, name in done.items() if (job := jobs.find(tx, name)) is not None}
    assert list(results.values()) == [None, {"figures": 1}, {"figures": 1}]


def test_old_trials_go(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those from before the time that they are kept, and no others."""
    dictionary = made(db)
    with db.writing() as tx:
        trials.keep(tx, dictionary, "a", {})
    with db.reading() as tx:
        assert not trials.has_old(tx)
    monkeypatch.setattr(trials, "KEPT", timedelta(seconds=-1))
    with db.writing() as tx:
        assert trials.has_old(tx)
        trials.forget_old(tx)
    assert found(db, dictionary, "a") is None
