"""Repeating purges that tombstones record and that a database from an older backup does not know."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

from service import secret_files
from service.errors import MemoryMismatch, Unavailable
from service.settings import Settings
from service.storage import Database, Transaction, dictionaries, jobs, purge
from service.workflows.audit import Auditor
from service.workflows.jobs.attempt import Attempt
from service.workflows.purged_names import PURPOSE, Commitments
from service.workflows.purges import files, tombstone_file
from service.workflows.purges.purge import Target, purge_ledger
from service.workflows.purges.tombstone_file import Tombstone
from service.workflows.versions.editors import Editors
from service.workflows.versions.loaded import LoadedVersions

BY = "restore"
_LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Alone:
    """What a purge needs where no service runs."""

    db: Database
    settings: Settings
    auditor: Auditor
    editors: Editors


def replay(db: Database, settings: Settings) -> tuple[int, int]:
    """Do every outstanding purge, its files included; how many were done, and how many wait for the secret of their
    dictionary. Raises Unprocessable where the tombstones were altered.
    """
    buried = tombstone_file.read(settings.tombstones)
    outstanding = _find_outstanding(db, buried)
    done = waiting = 0
    for dictionary, tombstones in outstanding.items():
        try:
            secret = secret_files.read(settings.secrets, dictionary)
        except MemoryMismatch:
            waiting += len(tombstones)
            continue
        tombstone_file.check((each for each in buried if each.dictionary == dictionary), secret)
        service = _Alone(db, settings, Auditor(db, settings), Editors(LoadedVersions(settings)))
        for tombstone in tombstones:
            _again(service, tombstone, secret)
            done += 1
    return done, waiting


def replay_all(db: Database, settings: Settings) -> None:
    """Repeat every outstanding purge, as each start does. Raises Unavailable where one has to wait: a database that is
    older than the tombstones must not be served.
    """
    _, waiting = replay(db, settings)
    if waiting:
        raise Unavailable(
            "facts in this database have been purged since: restore the secrets folder to purge them again"
        )


def _find_outstanding(db: Database, buried: list[Tombstone]) -> dict[str, list[Tombstone]]:
    """The tombstones of purges that this database has not seen, by dictionary; oldest first."""
    found: defaultdict[str, list[Tombstone]] = defaultdict(list)
    if buried:
        with db.reading() as tx:
            known, here = purge.list_ids(tx), set(dictionaries.list_ids(tx))
        for tombstone in buried:
            if tombstone.purge not in known and tombstone.dictionary in here:
                found[tombstone.dictionary].append(tombstone)
    return found


def _again(service: _Alone, tombstone: Tombstone, secret: bytes) -> None:
    with service.db.reading() as tx:
        target = _target(tx, tombstone, secret)
    purged = purge_ledger(service, tombstone.dictionary, target, by=BY, reason=f"tombstone {tombstone.purge}")
    with service.db.writing() as tx:
        claim = jobs.claim(tx, BY, _LEASE, job=purged.job)
    if claim is None:
        raise Unavailable("another process is at work on this database")
    with Attempt(service.db, service.settings, claim, Event()) as attempt:
        files.finish(attempt)


def _target(tx: Transaction, tombstone: Tombstone, secret: bytes) -> Target:
    """The pairs of this ledger, in any version, that these commitments are to."""
    row = dictionaries.find(tx, tombstone.dictionary)
    commitments, pairs, subjects = Commitments(secret, PURPOSE), set(tombstone.pairs), set(tombstone.subjects)
    every = {(held.subject, held.relation) for held in purge.list_rows(tx, row.number)} if row else set()
    gone = {
        pair
        for pair in every
        if commitments.pair(*pair).hex() in pairs or (subjects and commitments.subject(pair[0]).hex() in subjects)
    }
    return Target(
        tombstone.purge, frozenset(gone), committed={"pairs": tombstone.pairs, "subjects": tombstone.subjects}
    )
