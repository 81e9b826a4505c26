"""Removing what killed processes left behind."""

import shutil
import time

from service import secret_files
from service.settings import Settings
from service.storage import Database, dictionaries, jobs, keys, memories
from service.workflows.audit import Auditor
from service.workflows.identity import is_marked
from service.workflows.jobs import checkpoints
from service.workflows.ledger.dictionaries import clear_leavings
from service.workflows.ledger.spool import find_abandoned

NEW_SECONDS = 60.0  # within which a dictionary is committed after its secret was written


def sweep(db: Database, settings: Settings) -> None:
    """Remove memory folders that no version and no open job owns, drafts of such folders, reports whose job is gone,
    what ended jobs have kept, secrets of dictionaries that are gone, and abandoned spool files. Nothing, where the
    folder is not this database's.
    """
    if not is_marked(db, settings):
        return
    folders, reports = list(settings.memories.iterdir()), list(settings.reports.iterdir())
    with db.reading() as tx:
        owned = {*memories.list_ids(tx), *jobs.list_memories_under_way(tx)}
        orphans = [report for report in reports if jobs.find_owner(tx, report.name) is None]
    orphans += [folder for folder in folders if _memory_of(folder.name) not in owned]
    for folder in orphans:
        shutil.rmtree(folder, ignore_errors=True)
    sweep_leavings(db, settings)
    _shred_left_secrets(db, settings)
    checkpoints.sweep(db, settings)
    for file in find_abandoned(settings.spool):
        file.unlink(missing_ok=True)


def _shred_left_secrets(db: Database, settings: Settings) -> None:
    """Shred the secrets of dictionaries that were deleted by a process that was killed before it came to them.

    A secret is written before the commit of its dictionary: the write lock, or its age, keeps a new one.
    """
    with db.writing() as tx:
        kept = set(dictionaries.list_ids(tx))
        left = secret_files.list_owners(settings.secrets, time.time() - NEW_SECONDS) - kept
        if left:
            secret_files.shred(settings.secrets, left)


def sweep_leavings(db: Database, settings: Settings) -> None:
    """Revoke the keys and delete the dictionaries that attempts made for themselves which are not under way any more:
    their worker was killed, or the machine.
    """
    with db.reading() as tx:
        ended = jobs.filter_ended(tx, dictionaries.list_makers(tx) | keys.list_makers(tx))
    if ended:
        clear_leavings(db, settings, Auditor(db, settings), ended)


def _memory_of(folder: str) -> str:
    """The memory's id; a draft is called `.ID.RANDOM`."""
    return folder.removeprefix(".").partition(".")[0]
