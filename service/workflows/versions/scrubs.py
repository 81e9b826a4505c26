"""Verification and scrubs: every fact is recalled from the stored bytes, and what is damaged is rebuilt.

A memory is a pure function of its facts, its resolved recipe and its secret, so it is rebuilt from the ledger byte for
byte: its digest says whether it was. A damaged file of a folder is replaced in one rename; where a patch is damaged,
its version gets a folder of its own, and the patch is no longer needed. Processes that serve the memory have it loaded
and go on meanwhile.
"""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from schemas.jobs import Job, JobKind, VerificationResult
from schemas.scrubs import ScrubResult, ScrubState
from service import secret_files
from service.errors import MemoryMismatch, MemoryOutdated, NotFound
from service.memory import Facts, Memory, Resolved, fit, load
from service.settings import Settings
from service.storage import Database, dictionaries, facts, idempotency, jobs, memories, patches, scrubs
from service.storage.dictionaries import get_dictionary
from service.workflows.audit import Act, Event
from service.workflows.jobs import checkpoints
from service.workflows.jobs.attempt import Attempt
from service.workflows.versions.loaded import load_from_disk
from service.workflows.versions.memories import add_job, get_memory, get_queued_job

log = structlog.get_logger()

BY = "service"


def order(db: Database, memory_id: str, by: str, idempotency_key: str | None = None) -> Job:
    """Queue a scrub of this memory. Raises NotFound, Conflict (idempotency_key_reused)."""
    request = idempotency.Request.of(by, idempotency_key, f"scrubs {memory_id}")
    with db.writing() as tx:
        number = get_dictionary(tx, get_memory(tx, memory_id).dictionary).number
        if earlier := idempotency.earlier_reply(tx, number, request):
            return get_queued_job(tx, earlier["job"])
        return add_job(tx, jobs.Order(JobKind.SCRUB, number, {}, by, memory_id), request)


def schedule(db: Database, settings: Settings) -> None:
    """Queue a scrub of every memory that an alias points at and that was not scrubbed for `scrub_hours`."""
    every = timedelta(hours=settings.scrub_hours)
    with db.reading() as tx:
        waiting = scrubs.list_due(tx, every)
    if waiting:
        with db.writing() as tx:
            for dictionary, memory in scrubs.list_due(tx, every):
                jobs.add(tx, jobs.Order(JobKind.SCRUB, dictionary, {}, BY, memory))


def order_healing(db: Database, record: memories.Record) -> str | None:
    """Queue a scrub of a memory that was found damaged, and return its job; that of one that is under way, or None
    where the last one could not heal it.
    """
    with db.writing() as tx:
        if job := jobs.find_open(tx, JobKind.SCRUB, record.id):
            return job
        if scrubs.is_damaged(tx, record.id):
            return None
        number = get_dictionary(tx, record.dictionary).number
        return jobs.add(tx, jobs.Order(JobKind.SCRUB, number, {}, BY, record.id)).id


def scrub(attempt: Attempt) -> None:
    """Do a scrub job. Raises MemoryMismatch where the memory cannot be rebuilt and stays damaged."""
    stored = read_stored(attempt, attempt.claim.memory or "")
    with attempt.db.writing() as tx:
        number = scrubs.begin(tx, stored.dictionary, stored.record.id)
    attempt.progress(0.2, "recalling every fact from the stored bytes")
    outdated, rebuilt = False, list[str]()
    try:
        failing = count_failing(attempt, stored)
    except MemoryOutdated:
        outdated, failing = True, 0
    if failing:
        with attempt.db.writing() as tx:
            scrubs.finish(tx, number, ScrubState.DAMAGED, asked=len(stored.taught), failing=failing)
        log.error("memory damaged", memory=stored.record.id)
        rebuilt = heal(attempt, stored)
    result = ScrubResult(
        memory=stored.record.id,
        state=ScrubState.OUTDATED if outdated else ScrubState.HEALED if rebuilt else ScrubState.SOUND,
        asked=0 if outdated else len(stored.taught),
        failing=failing,
        rebuilt=rebuilt,
    )
    with attempt.db.writing() as tx:
        scrubs.finish(tx, number, result.state, asked=result.asked, failing=result.failing)
        jobs.succeed(tx, attempt.claim, result.model_dump(mode="json"))
        if rebuilt:
            details = {"rebuilt": rebuilt, "digest": "unchanged"}
            owner = stored.record.dictionary
            attempt.auditor.record(tx, Event(Act.SCRUB, attempt.claim.by, owner, stored.record.id, details))


def list_damaged(db: Database) -> list[str]:
    """The memories that aliases point at and whose stored bytes are damaged."""
    with db.reading() as tx:
        return scrubs.list_damaged(tx)


def count_by_state(db: Database) -> dict[ScrubState, int]:
    with db.reading() as tx:
        return scrubs.count_by_state(tx)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version of a memory, its dictionary's number, and the facts it was taught."""

    record: memories.Record
    dictionary: int
    taught: Facts


def read_stored(attempt: Attempt, memory: str) -> StoredVersion:
    attempt.progress(0.0, "reading the ledger")
    with attempt.db.reading() as tx:
        record = memories.find_record(tx, memory)
        row = dictionaries.find(tx, attempt.claim.dictionary)
        if record is None or row is None:
            raise NotFound("no such memory")
        held = facts.read_facts(tx, row.number, record.ledger_version)
    return StoredVersion(record, row.number, Facts(held.subjects, held.relations, held.answers))


def count_failing(attempt: Attempt, stored: StoredVersion) -> int:
    """The facts that the stored bytes do not hold; all of them where the bytes are not those that were written. Raises
    MemoryOutdated, for such a memory is not damaged.
    """
    try:
        with attempt.db.reading() as tx:
            memory = load_from_disk(tx, attempt.settings, stored.record)
    except MemoryOutdated:
        raise
    except MemoryMismatch:
        return len(stored.taught)
    return len(memory.verify(stored.taught).failing)


def heal(attempt: Attempt, stored: StoredVersion) -> list[str]:
    """Rebuild the folder that the version stands on; where a patch is damaged, give the version its own folder."""
    with attempt.db.reading() as tx:
        base, _ = patches.find_base(tx, stored.record)
    rebuilt = []
    if not _is_sound(attempt, base):
        _replace_files(attempt, base, _rebuild(attempt, read_stored(attempt, base)))
        rebuilt.append(base)
    if count_failing(attempt, stored):
        _give_folder(attempt, stored)
        rebuilt.append(stored.record.id)
    if count_failing(attempt, stored):
        raise MemoryMismatch("the memory was rebuilt and still does not hold its facts")
    return rebuilt


def _is_sound(attempt: Attempt, folder: str) -> bool:
    """Whether the folder of this version holds it, without any patch."""
    with attempt.db.reading() as tx:
        info = get_memory(tx, folder)
    secrets, place = attempt.settings.secrets, attempt.settings.memories / folder
    try:
        return load(place, secret=secret_files.read(secrets, info.dictionary), device="cpu").digest == info.digest
    except MemoryMismatch:
        return False


def _rebuild(attempt: Attempt, stored: StoredVersion) -> Memory:
    """Make the memory again from the ledger. Raises MemoryMismatch where the result is another one."""
    with attempt.db.reading() as tx:
        info = get_memory(tx, stored.record.id)
    recipe = Resolved.from_json(info.recipe)
    secret = secret_files.read(attempt.settings.secrets, stored.record.dictionary)
    memory = fit(
        stored.taught,
        recipe,
        secret=secret,
        device=recipe.device,
        progress=attempt.between(0.4, 0.8),
        checkpoint=checkpoints.open_folder(attempt.settings, attempt.claim.id),
    )
    if memory.digest != info.digest:
        raise MemoryMismatch("the ledger does not give the memory that was trained: train it anew")
    return memory


def _replace_files(attempt: Attempt, folder: str, memory: Memory) -> None:
    """Replace the files one by one by renaming, so that a reader finds the damaged or the rebuilt file, never none."""
    draft, place = _save(attempt, folder, memory), attempt.settings.memories / folder
    place.mkdir(exist_ok=True)
    for file in draft.iterdir():
        file.replace(place / file.name)
    secret_files.flush_folder(place)
    draft.rmdir()


def _give_folder(attempt: Attempt, stored: StoredVersion) -> None:
    folder = attempt.settings.memories / stored.record.id
    draft = _save(attempt, stored.record.id, _rebuild(attempt, stored))
    shutil.rmtree(folder, ignore_errors=True)  # of a killed attempt: no row counts on it
    draft.rename(folder)
    secret_files.flush_folder(folder.parent)
    with attempt.db.writing() as tx:
        patches.mark_complete(tx, stored.record.id)


def _save(attempt: Attempt, folder: str, memory: Memory) -> Path:
    """Save the memory in a draft folder, under a name that belongs to its version."""
    draft = attempt.settings.memories / f".{folder}.rebuilt"
    shutil.rmtree(draft, ignore_errors=True)  # of a killed attempt
    memory.save(draft)
    return draft


def verify(attempt: Attempt) -> None:
    """Do a verification job; its result counts pairs and names those that fail. Raises MemoryMismatch."""
    record, taught = _facts(attempt)
    attempt.progress(0.3, "loading the memory")
    with attempt.db.reading() as tx:
        memory = load_from_disk(tx, attempt.settings, record)
    attempt.progress(0.4, "recalling every fact")
    verified = memory.verify(taught)
    result = VerificationResult(
        asked=verified.asked,
        right=verified.right,
        wrong=verified.wrong,
        abstained=verified.abstained,
        failing=[{"subject": subject, "relation": relation} for subject, relation in verified.failing],
        seconds=verified.seconds,
    )
    with attempt.db.writing() as tx:
        jobs.succeed(tx, attempt.claim, result.model_dump(mode="json"))


def _facts(attempt: Attempt) -> tuple[memories.Record, Facts]:
    attempt.progress(0.0, "reading the ledger")
    with attempt.db.reading() as tx:
        record = memories.find_record(tx, attempt.claim.memory or "")
        row = dictionaries.find(tx, attempt.claim.dictionary)
        if record is None or row is None:
            raise NotFound("no such memory")
        held = facts.read_facts(tx, row.number, record.ledger_version)
    return record, Facts(held.subjects, held.relations, held.answers)
