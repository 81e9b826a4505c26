"""Absence and purge: whether a version holds a pair, and facts taken away with every trace."""

from fastapi import APIRouter, Response

from schemas.absence import Absence, AbsenceQuery
from schemas.purge import Purge, PurgeRequest
from service.routes.context import PartExaminer, Purger, Service
from service.routes.replies import MISSING, refusals
from service.workflows.purges import purge
from service.workflows.versions import absence

router = APIRouter(prefix="/v1", tags=["absence"])


@router.post("/memories/{memory}/absence", responses=refusals({404: MISSING}))
def look(memory: str, asked: AbsenceQuery, service: Service, caller: PartExaminer) -> Absence:
    """Ask this version's stored bytes, read afresh, and show the proof that was recorded when the pair was deleted."""
    return absence.look(service.db, service.settings, memory, asked, caller)


@router.post("/dictionaries/{dictionary}/facts:purge", status_code=202)
def order(dictionary: str, wanted: PurgeRequest, service: Service, caller: Purger, response: Response) -> Purge:
    """Delete facts with their text and every trace of it. When this replies, no version answers them; what files and
    free pages of the database still hold is erased when the job has ended.
    """
    purged = purge.order(service, dictionary, wanted, by=caller.key)
    response.headers["Location"] = f"/v1/jobs/{purged.job}"
    return purged
