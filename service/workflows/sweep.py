"""What a killed process left behind."""

import shutil
import time

from service.settings import Settings
from service.storage import Database, jobs, memories

SPOOL_AGE = 3600.0  # seconds after which an upload that was under way is certainly over


def sweep(db: Database, settings: Settings) -> None:
    """Remove memory folders that no memory and no open job owns, drafts of such folders, reports whose job is gone, and
    old spool files.
    """
    folders, reports = list(settings.memories.iterdir()), list(settings.reports.iterdir())
    with db.reading() as tx:
        owned = {*memories.ids(tx), *jobs.memories_under_way(tx)}
        orphans = [report for report in reports if jobs.owner(tx, report.name) is None]
    orphans += [folder for folder in folders if _memory_of(folder.name) not in owned]
    for folder in orphans:
        shutil.rmtree(folder, ignore_errors=True)
    for file in settings.spool.iterdir():
        if file.stat().st_mtime < time.time() - SPOOL_AGE:
            file.unlink(missing_ok=True)


def _memory_of(folder: str) -> str:
    """The memory's id; a draft is called `.ID.RANDOM`."""
    return folder.removeprefix(".").partition(".")[0]
