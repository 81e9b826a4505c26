"""Jobs, followed and cancelled; experiments, ordered as jobs whose results are their documents."""

from fastapi import Response

from schemas.experiments import ExperimentList, ExperimentRequest
from schemas.jobs import Job, JobList
from service.routes.context import IdempotencyKey, JobCanceller, JobReader, Page, Service, Trainer
from service.routes.replies import with_location
from service.routes.wire import Router
from service.workflows.jobs import jobs
from service.workflows.laboratory import experiments

router = Router(prefix="/v1", tags=["jobs"])


@router.get("/jobs/{job}")
def find(job: str, service: Service, _: JobReader) -> Job:
    return jobs.find(service.db, job)


@router.delete("/jobs/{job}")
def cancel(job: str, service: Service, caller: JobCanceller) -> Job:
    """A running job ends at its next step; one that has ended stays as it is. By whoever may order such a job."""
    return jobs.cancel(service.db, service.auditor, job, caller)


@router.get("/dictionaries/{dictionary}/jobs")
def listed(dictionary: str, service: Service, _: JobReader, page: Page) -> JobList:
    """Newest first; `cursor` asks for the next page."""
    return jobs.list_jobs(service.db, dictionary, page)


experiment_router = Router(prefix="/v1/dictionaries/{dictionary}/experiments", tags=["experiments"])


@experiment_router.post("", status_code=202)
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
    return with_location(response, job)


@experiment_router.get("", name="listed")
def list_experiments(dictionary: str, service: Service, _: JobReader, page: Page) -> ExperimentList:
    """Newest first; what they found is the result of the job. `cursor` asks for the next page."""
    return experiments.list_experiments(service.db, dictionary, page)
