"""/v1/memories/{id}/scrubs: the stored bytes are looked at now."""

from fastapi import APIRouter, Response

from schemas.jobs import Job
from service.routes.context import Examiner, Service
from service.routes.replies import accepted
from service.workflows.versions.upkeep import scrubs

router = APIRouter(prefix="/v1/memories/{memory}", tags=["memories"])


@router.post("/scrubs", status_code=202)
def scrub(memory: str, service: Service, caller: Examiner, response: Response) -> Job:
    """Hold every stored byte against its hash and every fact against the ledger; what is damaged is rebuilt."""
    return accepted(response, scrubs.order(service.db, memory, caller.key))
