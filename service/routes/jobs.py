"""Jobs: followed and cancelled."""

from fastapi import APIRouter

from schemas.jobs import Job, JobList
from service.routes.context import JobCanceller, JobReader, Service
from service.workflows.jobs import jobs

router = APIRouter(prefix="/v1", tags=["jobs"])


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
