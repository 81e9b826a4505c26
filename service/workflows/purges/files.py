"""The files' part of a purge: a job whose every step may be done again, so that a kill costs nothing but time.

Its steps: the tombstone is written; versions that never held the facts but stand on bytes that did get folders of
their own; folders and patches of the withdrawn ones go, with reports, forgotten spool files and what jobs have kept;
the database is rewritten without free pages and its journal emptied. Only then is the purge finished.
"""

import shutil
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from service import secret_files
from service.errors import MemoryMismatch, NotFound, Unavailable
from service.settings import Settings
from service.storage import Database, dictionaries, jobs, memories, patches, purge
from service.storage.patches import Version
from service.storage.stamps import now
from service.workflows.jobs import checkpoints
from service.workflows.jobs.attempt import Attempt
from service.workflows.ledger.spool import find_abandoned
from service.workflows.purged_names import drop_purged
from service.workflows.purges import tombstone_file
from service.workflows.purges.purge import queue
from service.workflows.purges.tombstone_file import Tombstone
from service.workflows.versions.consolidate import write_folder
from service.workflows.versions.loaded import load_from_disk

OBSERVED = timedelta(seconds=1.5)  # longer than the observer takes to write what was recalled
READER_SECONDS = 120.0  # how long the database's journal may be held by those who read it
LOOK_SECONDS = 2.0  # of these, before the job looks again whether it has to stop


def finish(attempt: Attempt) -> None:
    """Do the files' part of a purge. Raises Unavailable where readers of the database did not end in time; the purge
    stays open then and is resumed when a worker starts.
    """
    with attempt.db.reading() as tx:
        kept = purge.find(tx, attempt.claim.params["purge"])
    if kept is None:
        raise NotFound("no such purge")
    attempt.progress(0.1, "writing the tombstone")
    bury(attempt.settings, attempt.claim.dictionary, kept)
    _forget_recalls_before(attempt, kept)
    attempt.progress(0.2, "parting versions from withdrawn ones")
    for version in _roots_of(attempt.db, kept):
        _part(attempt, version)
    attempt.progress(0.6, "deleting files")
    erased = erase_files(attempt.db, attempt.settings, kept)
    attempt.progress(0.7, "erasing free pages")
    _erase_pages(attempt)
    with attempt.db.writing() as tx:
        purge.finish(tx, kept.id)
        jobs.succeed(tx, attempt.claim, {"purge": kept.id, "withdrawn": len(kept.withdrawn), "files": erased})


def resume(db: Database) -> None:
    """Queue every purge again whose job ended before the purge was finished."""
    with db.reading() as tx:
        waiting = purge.list_unfinished(tx)
    if waiting:
        with db.writing() as tx:
            for kept in purge.list_unfinished(tx):
                queue(tx, kept.dictionary, kept.id, kept.by)


def bury(settings: Settings, dictionary: str, kept: purge.PurgeRecord) -> None:
    """Write the tombstone and flush it to the disk."""
    committed = kept.tombstone
    tombstone = Tombstone(kept.id, dictionary, kept.at.isoformat(), committed["pairs"], committed["subjects"])
    tombstone_file.append(settings.tombstones, secret_files.read(settings.secrets, dictionary), tombstone)


def find_roots(versions: Sequence[Version], withdrawn: Collection[str]) -> Iterator[Version]:
    """The retained versions, the first of each run, that are made of the folder or a patch of a withdrawn one.
    `versions` from the oldest to the newest.
    """
    lineages: defaultdict[str, list[Version]] = defaultdict(list)
    for version in versions:
        lineages[version.lineage].append(version)
    for lineage in lineages.values():
        tainted = False
        for version in lineage:
            if version.id in withdrawn:
                tainted = True
            elif version.complete:
                tainted = False
            elif tainted and version.retained:
                yield version
                tainted = False


def erase_files(db: Database, settings: Settings, kept: purge.PurgeRecord) -> int:
    """Delete what withdrawn memories were made of, earlier reports, what jobs kept between their attempts, and
    abandoned spool files. Returns how many folders and files that were.
    """
    with db.writing() as tx:
        gone = [version for version in patches.list_stored(tx, kept.dictionary) if version.id in kept.withdrawn]
        numbers = [version.number for version in gone]
        patches.drop(tx, folders=numbers, steps=numbers)
        reports = purge.list_stale_reports(tx, kept)
        ordered = jobs.list_ids(tx, kept.dictionary)
    folders = [settings.memories / memory for memory in kept.withdrawn]
    folders += [draft for memory in kept.withdrawn for draft in settings.memories.glob(f".{memory}.*")]
    folders = [folder for folder in (*folders, *(settings.reports / report for report in reports)) if folder.exists()]
    for folder in folders:
        shutil.rmtree(folder)
    files = list(find_abandoned(settings.spool))
    for file in files:
        file.unlink(missing_ok=True)
    return len(folders) + len(files) + checkpoints.empty(settings, ordered)


def _forget_recalls_before(attempt: Attempt, kept: purge.PurgeRecord) -> None:
    """Remove the purged names from counts and comparisons: those of recalls before the purge are written up to a second
    after it.
    """
    while now() < kept.at + OBSERVED:
        attempt.progress(0.1, "waiting for the observer of recalls")
        time.sleep(0.1)
    with attempt.db.writing() as tx:
        row = dictionaries.find(tx, attempt.claim.dictionary)
        if row is not None:
            listed = purge.list_disagreements(tx, row.number)
            named = drop_purged(tx, attempt.settings, row, {pair: pair for pair in listed.values()})
            purge.remove_disagreements(tx, [number for number, pair in listed.items() if pair not in named])
            purge.forget_relations(tx, row.number)


def _roots_of(db: Database, kept: purge.PurgeRecord) -> list[Version]:
    with db.reading() as tx:
        return list(find_roots(patches.list_stored(tx, kept.dictionary), kept.withdrawn))


def _part(attempt: Attempt, root: Version) -> None:
    """Give the version its own folder and delete its patch, which begins at a withdrawn version."""
    with attempt.db.writing() as tx:
        jobs.set_memory(tx, attempt.claim, root.id)
    with attempt.db.reading() as tx:
        version = memories.find_record(tx, root.id)
        if version is None:
            raise MemoryMismatch("the version is gone")
        memory = load_from_disk(tx, attempt.settings, version)
    write_folder(attempt, version, memory)
    with attempt.db.writing() as tx:
        patches.mark_complete(tx, root.id)
        patches.drop(tx, folders=(), steps=[root.number])


def _erase_pages(attempt: Attempt) -> None:
    deadline = time.monotonic() + READER_SECONDS
    while not attempt.db.erase(LOOK_SECONDS):
        if time.monotonic() > deadline:
            raise Unavailable(
                "the facts are purged, but a reader holds the database's journal, which still repeats them: "
                "it is emptied when a worker starts"
            )
        attempt.progress(0.7, "waiting for readers of the database")
