"""Removing what killed processes left behind."""

import shutil

from service.settings import Settings
from service.storage import Database, jobs, memories
from service.workflows.jobs import checkpoints
from service.workflows.ledger.spool import find_abandoned


def sweep(db: Database, settings: Settings) -> None:
    """Remove memory folders that no version and no open job owns, drafts of such folders, reports whose job is gone,
    what ended jobs have kept, and abandoned spool files.
    """
    folders, reports = list(settings.memories.iterdir()), list(settings.reports.iterdir())
    with db.reading() as tx:
        owned = {*memories.list_ids(tx), *jobs.list_memories_under_way(tx)}
        orphans = [report for report in reports if jobs.find_owner(tx, report.name) is None]
    orphans += [folder for folder in folders if _memory_of(folder.name) not in owned]
    for folder in orphans:
        shutil.rmtree(folder, ignore_errors=True)
    checkpoints.sweep(db, settings)
    for file in find_abandoned(settings.spool):
        file.unlink(missing_ok=True)


def _memory_of(folder: str) -> str:
    """The memory's id; a draft is called `.ID.RANDOM`."""
    return folder.removeprefix(".").partition(".")[0]
