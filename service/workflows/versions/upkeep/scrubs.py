"""Scrubs: every byte of a stored memory against its hashes, every fact against the ledger; what is damaged is rebuilt.

Whoever serves the memory has it in its own working memory and goes on meanwhile.
"""

from datetime import timedelta

import structlog

from schemas.jobs import Job, JobKind
from schemas.scrubs import ScrubResult, ScrubState
from service.settings import Settings
from service.storage import Database, jobs, scrubs
from service.storage.dictionaries import found
from service.workflows.audit import Act, Event
from service.workflows.jobs.attempt import Attempt
from service.workflows.versions.memories import find_in
from service.workflows.versions.upkeep.rebuild import failing_of, heal, stored_of

log = structlog.get_logger()

BY = "service"


def order(db: Database, memory_id: str, by: str) -> Job:
    """Queue a scrub of this memory."""
    with db.writing() as tx:
        info = find_in(tx, memory_id)
        return jobs.add(tx, jobs.Order(JobKind.SCRUB, found(tx, info.dictionary).number, {}, by, memory_id))


def schedule(db: Database, settings: Settings) -> None:
    """Queue a scrub of every memory that an alias points at and that was not looked at for `scrub_hours`."""
    every = timedelta(hours=settings.scrub_hours)
    with db.reading() as tx:
        waiting = scrubs.due(tx, every)
    if waiting:
        with db.writing() as tx:
            for dictionary, memory in scrubs.due(tx, every):
                jobs.add(tx, jobs.Order(JobKind.SCRUB, dictionary, {}, BY, memory))


def scrub(attempt: Attempt) -> None:
    """Raises MemoryMismatch where the memory cannot be rebuilt; it then counts as damaged until a scrub heals it."""
    stored = stored_of(attempt, attempt.claim.memory or "")
    with attempt.db.writing() as tx:
        number = scrubs.begin(tx, stored.dictionary, stored.record.id)
    attempt.progress(0.2, "recalling every fact from the stored bytes")
    failing = failing_of(attempt, stored)
    rebuilt: list[str] = []
    if failing:
        with attempt.db.writing() as tx:
            scrubs.found(tx, number, ScrubState.DAMAGED, asked=len(stored.taught), failing=failing)
        log.error("memory damaged", memory=stored.record.id)
        rebuilt = heal(attempt, stored)
    result = ScrubResult(
        memory=stored.record.id,
        state=ScrubState.HEALED if rebuilt else ScrubState.SOUND,
        asked=len(stored.taught),
        failing=failing,
        rebuilt=rebuilt,
    )
    with attempt.db.writing() as tx:
        scrubs.found(tx, number, result.state, asked=result.asked, failing=result.failing)
        jobs.succeed(tx, attempt.claim, result.model_dump(mode="json"))
        if rebuilt:
            details = {"rebuilt": rebuilt, "digest": "unchanged"}
            owner = stored.record.dictionary
            attempt.auditor.record(tx, Event(Act.SCRUB, attempt.claim.by, owner, stored.record.id, details))


def damaged(db: Database) -> list[str]:
    """The memories that aliases point at and that are damaged on the disk."""
    with db.reading() as tx:
        return scrubs.damaged(tx)


def counts(db: Database) -> dict[ScrubState, int]:
    with db.reading() as tx:
        return scrubs.counts(tx)
