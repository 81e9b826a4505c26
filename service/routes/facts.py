"""/v1/dictionaries/{d}/facts: searched, edited and purged; and whether a memory still holds a pair."""

from fastapi import Response

from schemas.absence import Absence, AbsenceQuery
from schemas.edits import EditAccepted, EditReply, FactBatch
from schemas.facts import FactPage, FactSearch
from schemas.problems import Code
from schemas.purge import Purge, PurgeRequest
from service.routes.context import IdempotencyKey, IfMatch, PartExaminer, PartReader, PartUploader, Purger, Service
from service.routes.replies import MISSING, refusals, with_location
from service.routes.wire import Router
from service.workflows.access import grants
from service.workflows.etags import etag
from service.workflows.ledger import edits, facts
from service.workflows.purges import purge
from service.workflows.versions import absence

router = Router(prefix="/v1/dictionaries/{dictionary}", tags=["facts"])


@router.post("/facts:search")
def search(dictionary: str, wanted: FactSearch, service: Service, caller: PartReader) -> FactPage:
    """Names travel in the body: a URL may be logged on its way."""
    return facts.search(service.db, service.settings.secrets, dictionary, wanted, caller)


@router.post(
    "/facts:batch",
    responses=refusals({412: [Code.PRECONDITION_FAILED]}) | {202: {"model": EditAccepted}},
)
def edit(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    batch: FactBatch,
    service: Service,
    caller: PartUploader,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> EditReply | EditAccepted:
    """Put facts and take pairs away, all or nothing. 200 once the new version is on the disk, verified and served; 202
    when the memory must be trained anew. With If-Match (a ledger version) only if nothing has changed since: 412.
    """
    grants.check_batch(service.db, caller, dictionary, batch)
    reply = edits.apply(service, dictionary, batch, by=caller.key, if_match=if_match, idempotency_key=idempotency_key)
    response.headers["ETag"] = etag(reply.ledger_version)
    if isinstance(reply, EditAccepted):
        response.status_code = 202
        with_location(response, reply)
    return reply


absence_router = Router(prefix="/v1", tags=["absence"])


@absence_router.post("/memories/{memory}/absence", responses=refusals({404: MISSING}))
def look(memory: str, asked: AbsenceQuery, service: Service, caller: PartExaminer) -> Absence:
    """Ask this version's stored bytes, read afresh, and show the proof that was recorded when the pair was deleted."""
    return absence.check_absence(service.db, service.settings, memory, asked, caller)


@absence_router.post("/dictionaries/{dictionary}/facts:purge", status_code=202)
def order(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    wanted: PurgeRequest,
    service: Service,
    caller: Purger,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Purge:
    """Delete facts with their text and every trace of it. When this replies, no version answers them; what files and
    free pages of the database still hold is erased when the job has ended.
    """
    purged = purge.order(service, dictionary, wanted, by=caller.key, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{purged.job}"
    return purged
