"""/v1/dictionaries/{d}/aliases and /gate: names that point at a memory, and what a memory must show before one does."""

from typing import Annotated

from fastapi import Query, Response

from schemas.aliases import Alias, AliasHistory, AliasList, AliasPut, AliasRemove, AliasRollback, AliasUnpin
from schemas.base import DIGITS
from schemas.gates import GateReply, Priority, PriorityPut
from schemas.jobs import Job
from schemas.problems import Code
from service.routes.context import AliasMover, IdempotencyKey, IfMatch, LedgerReader, PartViewer, Service, Viewer
from service.routes.replies import MISSING, refusals, with_etag, with_location
from service.routes.wire import Router
from service.workflows.versions import aliases, promotion_gate

router = Router(prefix="/v1/dictionaries/{dictionary}/aliases", tags=["aliases"])


@router.get("")
def listed(dictionary: str, service: Service, _: PartViewer) -> AliasList:
    return aliases.list_aliases(service.db, dictionary)


@router.get("/{alias}")
def find(dictionary: str, alias: str, service: Service, _: PartViewer, response: Response) -> Alias:
    return with_etag(response, aliases.find(service.db, dictionary, alias))


@router.put(
    "/{alias}",
    responses=refusals(
        {
            404: MISSING,
            409: [Code.BEHIND_LEDGER, Code.GATE_FAILED, Code.GATE_NOT_DECISIVE],
            412: [Code.PRECONDITION_FAILED],
        }
    ),
)
def put(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    alias: str,
    wanted: AliasPut,
    service: Service,
    caller: AliasMover,
    response: Response,
    if_match: IfMatch = None,
) -> Alias:
    """Point the alias at a memory that passes the gate. With If-Match (its ETag) only if nobody has moved it: 412."""
    moved = aliases.put(service, dictionary, alias, wanted, by=caller.key, if_match=if_match)
    return with_etag(response, moved)


@router.delete("/{alias}", status_code=204)
def remove(
    dictionary: str,
    alias: str,
    service: Service,
    caller: AliasMover,
    wanted: AliasRemove | None = None,
) -> None:
    """Any alias but the champion; its history stays. The reason travels in the body, since a URL may be logged."""
    aliases.remove(service, dictionary, alias, wanted.reason if wanted else "", by=caller.key)


@router.get("/{alias}/history")
def history(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    alias: str,
    service: Service,
    _: Viewer,
    response: Response,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000), DIGITS] = aliases.PAGE,
) -> AliasHistory:
    """Newest first; the first page has the alias's ETag."""
    page = aliases.read_history(service.db, dictionary, alias, cursor, limit)
    if cursor is None:
        with_etag(response, page.events[0])
    return page


@router.post("/{alias}/rollback", responses=refusals({404: MISSING, 409: [Code.NO_PREDECESSOR, Code.POLICY_BROKEN]}))
def roll_back(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    alias: str,
    wanted: AliasRollback,
    service: Service,
    caller: AliasMover,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Alias:
    """To where the alias pointed before, and pinned there; with `reset_ledger` the facts go back too."""
    key = idempotency_key
    return with_etag(
        response, aliases.roll_back(service, dictionary, alias, wanted, by=caller.key, idempotency_key=key)
    )


@router.post("/{alias}/unpin", responses={202: {"model": Job}})
def unpin(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str, alias: str, wanted: AliasUnpin, service: Service, caller: AliasMover, response: Response
) -> Alias | Job:
    """Let edits move the alias again. A champion catches up with the ledger, by a training (202) where it must."""
    let_go = aliases.unpin(service, dictionary, alias, wanted, by=caller.key)
    if isinstance(let_go, Alias):
        return with_etag(response, let_go)
    response.status_code = 202
    return with_location(response, let_go)


gate_router = Router(prefix="/v1/dictionaries/{dictionary}/gate", tags=["aliases"])


@gate_router.get("", name="find")
def find_gate(dictionary: str, service: Service, _: Viewer) -> GateReply:
    """The limits of gate.toml, and what the champion was measured at."""
    return promotion_gate.show_promotion_gate(service.db, service.settings, dictionary)


@gate_router.get("/priority")
def marked(dictionary: str, service: Service, _: LedgerReader) -> Priority:
    return promotion_gate.read_priority(service.db, dictionary)


@gate_router.put("/priority")
def mark(dictionary: str, wanted: PriorityPut, service: Service, caller: AliasMover) -> Priority:
    """Mark these pairs and whole relations, and no others."""
    return promotion_gate.mark_priority(service, dictionary, wanted, by=caller.key)
