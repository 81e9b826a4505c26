"""/v1/dictionaries/{d}/facts:search: what the ledger holds, now or as of an earlier version."""

from fastapi import APIRouter

from schemas.facts import FactPage, FactSearch
from service.routes.context import LedgerReader, Service
from service.workflows import facts

router = APIRouter(prefix="/v1/dictionaries/{dictionary}", tags=["facts"])


@router.post("/facts:search")
def search(dictionary: str, wanted: FactSearch, service: Service, _: LedgerReader) -> FactPage:
    """Names travel in the body: a URL may be logged on its way."""
    return facts.search(service.db, dictionary, wanted)
