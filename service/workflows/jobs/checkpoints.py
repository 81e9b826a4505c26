"""Checkpoints: what a job keeps between its attempts, in a folder that is deleted when the job has ended.

They hold traces of facts: a purge empties the folders, and deleting a dictionary deletes them.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from schemas.jobs import JobState
from service.settings import Settings
from service.storage import Database, jobs

_ENDED = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


def folder_of(settings: Settings, job: str) -> Path:
    return settings.checkpoints / job


def open_folder(settings: Settings, job: str) -> Path:
    """The job's folder, made at its first attempt."""
    made = folder_of(settings, job)
    made.mkdir(mode=0o700, parents=True, exist_ok=True)
    return made


def drop(settings: Settings, job: str) -> None:
    shutil.rmtree(folder_of(settings, job), ignore_errors=True)


def empty(settings: Settings, some: Iterable[str]) -> int:
    """Delete the checkpoints of these jobs and return how many files they were; a running job goes on without them."""
    files = [file for job in some for file in folder_of(settings, job).glob("*")]
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def sweep(db: Database, settings: Settings) -> None:
    """Remove the folders of jobs that have ended or were deleted."""
    for kept in settings.checkpoints.glob("*"):
        drop_if_ended(db, settings, kept.name)


def drop_if_ended(db: Database, settings: Settings, job: str) -> None:
    if not folder_of(settings, job).exists():
        return
    with db.reading() as tx:
        found = jobs.find(tx, job)
    if found is None or found.state in _ENDED:
        drop(settings, job)
