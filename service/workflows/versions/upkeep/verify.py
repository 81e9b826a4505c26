"""Verification: every fact of a memory's ledger version, asked of the memory as it lies on the disk."""

from schemas.jobs import VerificationResult
from service.errors import NotFound
from service.memory import Facts
from service.storage import dictionaries, facts, jobs, memories
from service.workflows.jobs.attempt import Attempt
from service.workflows.versions.loaded import from_disk


def verify(attempt: Attempt) -> None:
    """Count in pairs; a pair that fails is named in the result. Raises MemoryMismatch for damaged bytes."""
    record, taught = _facts(attempt)
    attempt.progress(0.3, "loading the memory")
    with attempt.db.reading() as tx:
        memory = from_disk(tx, attempt.settings, record)
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
        record = memories.record(tx, attempt.claim.memory or "")
        row = dictionaries.find(tx, attempt.claim.dictionary)
        if record is None or row is None:
            raise NotFound("no such memory")
        held = facts.columns(tx, row.number, record.ledger_version)
    return record, Facts(held.subjects, held.relations, held.answers)
