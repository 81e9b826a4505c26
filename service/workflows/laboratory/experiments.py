"""Experiments: ordered and listed."""

from schemas.experiments import ExperimentList, ExperimentRequest
from schemas.jobs import Job, JobKind
from service.storage import Database, idempotency, jobs
from service.storage.dictionaries import check_holds_facts, found
from service.workflows.audit import Act, Auditor, Event
from service.workflows.versions.memories import queued


def order(
    db: Database, auditor: Auditor, ref: str, wanted: ExperimentRequest, *, by: str, idempotency_key: str | None
) -> Job:
    """Queue an experiment on the facts that the ledger holds now. Raises NotFound, Unprocessable (no_usable_row),
    Conflict (idempotency_key_reused).
    """
    request = idempotency.Request.of(by, idempotency_key, f"experiments {wanted.model_dump_json()}")
    with db.writing() as tx:
        row = found(tx, ref)
        if earlier := idempotency.earlier_reply(tx, row.number, request):
            return queued(tx, earlier["job"])
        check_holds_facts(row)
        params = {"request": wanted.model_dump(mode="json"), "ledger_version": row.ledger_version}
        job = jobs.add(tx, jobs.Order(JobKind.EXPERIMENT, row.number, params, by))
        idempotency.keep(tx, row.number, request, {"job": job.id})
        auditor.record(tx, Event(Act.EXPERIMENT, by, row.id, details={"job": job.id, "kind": wanted.kind}))
    return job


def listed(db: Database, ref: str) -> ExperimentList:
    with db.reading() as tx:
        return ExperimentList(experiments=jobs.experiments(tx, found(tx, ref).number))
