"""Experiments: ordered as jobs, whose results are their documents."""

from fastapi import APIRouter, Response

from schemas.experiments import ExperimentList, ExperimentRequest
from schemas.jobs import Job
from schemas.problems import Code
from service.routes.context import IdempotencyKey, JobReader, Service, Trainer
from service.routes.replies import accepted, refusals
from service.workflows.laboratory import experiments

router = APIRouter(prefix="/v1/dictionaries/{dictionary}/experiments", tags=["experiments"])


@router.post("", status_code=202, responses=refusals({409: [Code.IDEMPOTENCY_KEY_REUSED]}))
def order(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    service: Service,
    caller: Trainer,
    response: Response,
    wanted: ExperimentRequest,
    idempotency_key: IdempotencyKey = None,
) -> Job:
    """Try networks and memories of many shapes on the facts that the ledger holds now; no memory is published. The
    job's `result` is an `Experiment`.
    """
    key = idempotency_key
    job = experiments.order(service.db, service.auditor, dictionary, wanted, by=caller.key, idempotency_key=key)
    return accepted(response, job)


@router.get("")
def listed(dictionary: str, service: Service, _: JobReader) -> ExperimentList:
    """Newest first; what they found is the result of the job."""
    return experiments.listed(service.db, dictionary)
