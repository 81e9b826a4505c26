"""Training: the ledger's facts become a memory, which is stored, read back, verified and only then published."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.aliases import AliasAction
from schemas.jobs import JobKind
from schemas.memories import MemoryInfo
from schemas.problems import Code
from service import secret_files
from service.errors import NotFound, Outgrown, TrainingFailed, Unprocessable
from service.memory import Facts, Memory, Verified, fit, load, read_recipe
from service.storage import Transaction, aliases, dictionaries, facts, jobs, memories
from service.storage.aliases import CHAMPION
from service.storage.stamps import new_id
from service.workflows.audit import Act, Event
from service.workflows.jobs import checkpoints
from service.workflows.jobs.attempt import Attempt
from service.workflows.versions import promotion_gate
from service.workflows.versions.promotion_figures import Candidate
from service.workflows.versions.publish import catch_up, describe_memory

TRIES = 3  # trainings of one job, each overtaken by edits that it had no room for


@dataclass(frozen=True, slots=True)
class Trained:
    """A memory as read back from its folder, with figures about its training; times in seconds."""

    id: str
    memory: Memory
    taught: Facts
    dictionary: dictionaries.Row
    train_seconds: float
    verified: Verified


def train(attempt: Attempt) -> None:
    """Do a training job. Raises TrainingFailed, Cancelled, LeaseLost; after any error no trace of the memory remains.

    A training that edits have overtaken, and that they cannot be applied to, starts again with the newest ledger.
    """
    for left in reversed(range(TRIES)):
        try:
            return _train(attempt)
        except Outgrown:
            if not left:
                raise
    return None


def _train(attempt: Attempt) -> None:
    memory_id = new_id("mem")
    folder = attempt.settings.memories / memory_id
    _drop_earlier(attempt)
    with attempt.db.writing() as tx:
        jobs.set_memory(tx, attempt.claim, memory_id)
    try:
        _publish(attempt, _fit_stored(attempt, memory_id, folder))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _drop_earlier(attempt: Attempt) -> None:
    """Remove what a killed attempt wrote. If it is still running, it cannot publish, because its lease has expired."""
    earlier, folders = attempt.claim.memory, attempt.settings.memories
    if earlier is not None:
        for folder in (folders / earlier, *folders.glob(f".{earlier}.*")):
            shutil.rmtree(folder, ignore_errors=True)


def _fit_stored(attempt: Attempt, memory_id: str, folder: Path) -> Trained:
    row, taught = _facts(attempt)
    settings = attempt.settings
    promotion_gate.read_limits(settings)  # a gate that cannot be read is known before the work, not after it
    secret = secret_files.read(settings.secrets, row.id)
    recipe = read_recipe(attempt.claim.params["recipe"])
    started = time.perf_counter()
    fitted = fit(
        taught,
        recipe,
        secret=secret,
        device=settings.device,
        progress=attempt.between(0.05, 0.85),
        checkpoint=checkpoints.open_folder(settings, attempt.claim.id),
    )
    fitted.save(folder)
    train_seconds = time.perf_counter() - started
    attempt.progress(0.9, "verifying what was stored")
    stored = load(folder, secret=secret, device=settings.device)
    verified = _verify(stored, taught)
    if (alias := attempt.claim.params["publish"]) is not None:
        attempt.progress(0.95, "at the gate")
        candidate = Candidate(row.number, memory_id, lambda: taught, lambda: stored, verified)
        promotion_gate.admit(attempt.db, settings, alias, candidate)
    return Trained(memory_id, stored, taught, row, train_seconds, verified)


def _facts(attempt: Attempt) -> tuple[dictionaries.Row, Facts]:
    """The dictionary and the facts that its ledger holds now."""
    attempt.progress(0.0, "reading the ledger")
    with attempt.db.reading() as tx:
        row = dictionaries.find(tx, attempt.claim.dictionary)
        if row is None:
            raise NotFound("no such dictionary")
        columns = facts.read_facts(tx, row.number, row.ledger_version)
    if not len(columns):
        raise Unprocessable("the dictionary holds no facts", code=Code.NO_USABLE_ROW)
    return row, Facts(columns.subjects, columns.relations, columns.answers)


def _verify(memory: Memory, taught: Facts) -> Verified:
    """Recall every pair from the bytes on the disk."""
    verified = memory.verify(taught)
    if verified.right != verified.asked:
        failing = [{"subject": subject, "relation": relation} for subject, relation in verified.failing]
        raise TrainingFailed("the stored memory does not recall every fact", facts=failing)
    return verified


def _publish(attempt: Attempt, trained: Trained) -> None:
    """The memory's row, its alias and the job's end in one commit: it is seen whole or not at all. Raises Outgrown
    where the champion knows edits that this memory has no room for.
    """
    claim = attempt.claim
    attempt.progress(0.99, "publishing")
    with attempt.db.writing() as tx:
        row = dictionaries.lock(tx, trained.dictionary.number)
        if row is None:
            raise NotFound("no such dictionary")
        memories.add(tx, row.number, _describe(trained))
        published, alias = trained.id, _alias(tx, row.number, claim)
        if alias == CHAMPION:
            published = catch_up(tx, row, trained.id, trained.memory, trained.taught)
            jobs.set_memory(tx, claim, published)
        if alias is not None:
            switch = aliases.Switch(alias, published, claim.by, f"trained by {claim.id}", AliasAction.TRAIN)
            aliases.switch(tx, row.number, switch)
        if alias == CHAMPION and memories.get_tip(tx, published).ledger_version < row.ledger_version:
            jobs.add(tx, jobs.Order(JobKind.TRAIN, row.number, claim.params, claim.by))  # more came than an edit takes
        jobs.succeed(tx, claim, _result(trained, published))
        attempt.auditor.record_all(tx, _events(trained, claim, published, alias))


def _alias(tx: Transaction, dictionary: int, claim: jobs.Claim) -> str | None:
    """The alias to publish under. None where none was wanted, and where a rollback has pinned it since the training was
    ordered: what was decided last counts.
    """
    alias: str | None = claim.params["publish"]
    held = None if alias is None else aliases.find(tx, dictionary, alias)
    order = jobs.find(tx, claim.id)
    overtaken = held is not None and held.pinned and order is not None and order.created_at < held.switched_at
    return None if overtaken else alias


def _events(trained: Trained, claim: jobs.Claim, published: str, alias: str | None) -> list[Event]:
    row = trained.dictionary
    made = {"job": claim.id, "ledger_version": row.ledger_version, "digest": trained.memory.digest}
    events = [Event(Act.TRAIN, claim.by, row.id, trained.id, made)]
    if alias is not None:
        events.append(Event(Act.PUBLISH, claim.by, row.id, published, {"job": claim.id, "alias": alias}))
    return events


def _result(trained: Trained, published: str) -> dict[str, Any]:
    verified = trained.verified
    return {
        "memory": published,
        "asked": verified.asked,
        "right": verified.right,
        "wrong": verified.wrong,
        "abstained": verified.abstained,
        "train_seconds": trained.train_seconds,
        "verify_seconds": verified.seconds,
    }


def _describe(trained: Trained) -> MemoryInfo:
    return describe_memory(
        trained.memory,
        trained.id,
        trained.dictionary,
        train_seconds=trained.train_seconds,
        verify_seconds=trained.verified.seconds,
    )
