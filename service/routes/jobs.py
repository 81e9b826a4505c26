"""Jobs: followed and cancelled."""

from fastapi import APIRouter, Response

from schemas.jobs import Job, JobList
from service.routes.context import JobCanceller, JobReader, Service
from service.workflows import jobs

router = APIRouter(prefix="/v1", tags=["jobs"])


def accepted(response: Response, job: Job) -> Job:
    """The reply to a request that queued `job`."""
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job


@router.get("/jobs/{job}")
def find(job: str, service: Service, _: JobReader) -> Job:
    return jobs.find(service.db, job)


@router.delete("/jobs/{job}")
def cancel(job: str, service: Service, _: JobCanceller) -> Job:
    """A running job ends at its next step; one that has ended stays as it is."""
    return jobs.cancel(service.db, job)


@router.get("/dictionaries/{dictionary}/jobs")
def listed(dictionary: str, service: Service, _: JobReader) -> JobList:
    """Newest first."""
    return jobs.listed(service.db, dictionary)
