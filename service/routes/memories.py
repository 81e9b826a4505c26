"""Memories: trained, listed, verified, scrubbed."""

from fastapi import Response

from schemas.jobs import Job
from schemas.memories import MemoryCreate, MemoryInfo, MemoryList
from service.routes.context import Examiner, IdempotencyKey, Page, Service, Trainer, Viewer
from service.routes.replies import MISSING, refusals, with_location
from service.routes.wire import Router
from service.workflows.versions import memories, scrubs

router = Router(prefix="/v1", tags=["memories"])


@router.post("/dictionaries/{dictionary}/memories", status_code=202)
def train(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    service: Service,
    caller: Trainer,
    response: Response,
    wanted: MemoryCreate | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Job:
    """Train on every fact that the ledger holds when the job starts; verified, it is published under the alias."""
    order = wanted or MemoryCreate()
    return with_location(response, memories.order_training(service.db, dictionary, order, caller.key, idempotency_key))


@router.get("/dictionaries/{dictionary}/memories")
def listed(dictionary: str, service: Service, _: Viewer, page: Page) -> MemoryList:
    """Those that can be recalled, newest first; `cursor` asks for the next page."""
    return memories.list_memories(service.db, dictionary, page)


@router.get("/memories/{memory}")
def find(memory: str, service: Service, _: Viewer) -> MemoryInfo:
    return memories.find(service.db, memory)


@router.post("/memories/{memory}/verifications", status_code=202, responses=refusals({404: MISSING}))
def verify(
    memory: str, service: Service, caller: Examiner, response: Response, idempotency_key: IdempotencyKey = None
) -> Job:
    """Recall every fact of the memory's ledger version from its stored bytes; the job's result counts them."""
    job = memories.order_verification(service.db, memory, caller.key, idempotency_key)
    return with_location(response, job)


@router.post("/memories/{memory}/scrubs", status_code=202)
def scrub(
    memory: str, service: Service, caller: Examiner, response: Response, idempotency_key: IdempotencyKey = None
) -> Job:
    """Hold every stored byte against its hash and every fact against the ledger; what is damaged is rebuilt."""
    return with_location(response, scrubs.order(service.db, memory, caller.key, idempotency_key))
