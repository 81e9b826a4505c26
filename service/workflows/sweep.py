"""Removing what killed processes left behind."""

import shutil

from service.settings import Settings
from service.storage import Database, dictionaries, jobs, keys, memories
from service.workflows.audit import Auditor
from service.workflows.identity import is_marked
from service.workflows.jobs import checkpoints
from service.workflows.ledger.dictionaries import clear_leavings
from service.workflows.ledger.spool import find_abandoned


def sweep(db: Database, settings: Settings) -> None:
    """Remove memory folders that no version and no open job owns, drafts of such folders, reports whose job is gone,
    what ended jobs have kept, and abandoned spool files. Nothing, where the folder is not this database's.
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
    checkpoints.sweep(db, settings)
    for file in find_abandoned(settings.spool):
        file.unlink(missing_ok=True)


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
