"""Consolidation: a version that is made of many patches gets a folder of its own, byte for byte the same memory."""

import shutil

from service import secret_files
from service.errors import MemoryMismatch, NotFound
from service.memory import Memory, load
from service.storage import jobs, memories, patches
from service.workflows.jobs.attempt import Attempt
from service.workflows.versions.loaded import load_from_disk


def consolidate(attempt: Attempt) -> None:
    """Write the folder and read it back before it is used. Raises MemoryMismatch, NotFound, LeaseLost."""
    claim = attempt.claim
    attempt.progress(0.0, "loading the version")
    with attempt.db.reading() as tx:
        version = memories.find_record(tx, claim.memory or "")
        if version is None:
            raise NotFound("no such memory")
        folder, _ = patches.find_base(tx, version)
        memory = load_from_disk(tx, attempt.settings, version)
    if folder != version.id:
        write_folder(attempt, version, memory)
    with attempt.db.writing() as tx:
        patches.mark_complete(tx, version.id)
        jobs.succeed(tx, claim, {"memory": version.id})


def write_folder(attempt: Attempt, version: memories.Record, memory: Memory) -> None:
    """Save the version and read it back; raises MemoryMismatch."""
    folder = attempt.settings.memories / version.id
    shutil.rmtree(folder, ignore_errors=True)  # what a killed attempt wrote: no row counts on it
    attempt.progress(0.4, "writing its folder")
    memory.save(folder)
    attempt.progress(0.7, "reading it back")
    _check(attempt, version, memory)


def _check(attempt: Attempt, version: memories.Record, memory: Memory) -> None:
    """Check that the folder, read back, is the version; delete it otherwise."""
    settings = attempt.settings
    folder, secret = settings.memories / version.id, secret_files.read(settings.secrets, version.dictionary)
    if load(folder, secret=secret, device=settings.device).digest != memory.digest:
        shutil.rmtree(folder, ignore_errors=True)
        raise MemoryMismatch("the folder does not hold the version it was written for")
