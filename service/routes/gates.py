"""/v1/dictionaries/{d}/gate: what a memory must show before an alias moves to it, and the facts it counts apart."""

from fastapi import APIRouter

from schemas.gates import GateReply, Priority, PriorityPut
from service.routes.context import AliasMover, LedgerReader, Service, Viewer
from service.workflows.versions.gate import limits

router = APIRouter(prefix="/v1/dictionaries/{dictionary}/gate", tags=["aliases"])


@router.get("")
def find(dictionary: str, service: Service, _: Viewer) -> GateReply:
    """The limits of gate.toml, and what the champion was measured at."""
    return limits.view(service.db, service.settings, dictionary)


@router.get("/priority")
def marked(dictionary: str, service: Service, _: LedgerReader) -> Priority:
    return limits.marked(service.db, dictionary)


@router.put("/priority")
def mark(dictionary: str, wanted: PriorityPut, service: Service, caller: AliasMover) -> Priority:
    """Mark these pairs and whole relations, and no others."""
    return limits.mark(service, dictionary, wanted, by=caller.key)
