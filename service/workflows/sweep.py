"""What a killed process left behind."""

import shutil
import time

from service.settings import Settings
from service.storage import Database, jobs, memories

SPOOL_AGE = 3600.0  # seconds after which an upload that was under way is certainly over


def sweep(db: Database, settings: Settings) -> None:
    """Remove memory folders that no memory and no open job owns, drafts of such folders, and old spool files."""
    folders = list(settings.memories.iterdir())
    with db.reading() as tx:
        owned = {*memories.ids(tx), *jobs.memories_under_way(tx)}
    for folder in folders:
        if _memory_of(folder.name) not in owned:
            shutil.rmtree(folder, ignore_errors=True)
    for file in settings.spool.iterdir():
        if file.stat().st_mtime < time.time() - SPOOL_AGE:
            file.unlink(missing_ok=True)


def _memory_of(folder: str) -> str:
    """The memory's id; a draft is called `.ID.RANDOM`."""
    return folder.removeprefix(".").partition(".")[0]
