"""/v1/dictionaries/{d}/aliases: names that point at a memory, and where they pointed before."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from schemas.memories import Alias, AliasHistory, AliasList, AliasPut
from service.routes.context import AliasMover, Service, Viewer
from service.workflows import aliases

router = APIRouter(prefix="/v1/dictionaries/{dictionary}/aliases", tags=["aliases"])


@router.get("")
def listed(dictionary: str, service: Service, _: Viewer) -> AliasList:
    return aliases.listed(service.db, dictionary)


@router.get("/{alias}")
def find(dictionary: str, alias: str, service: Service, _: Viewer, response: Response) -> Alias:
    return _tagged(response, aliases.find(service.db, dictionary, alias))


@router.put("/{alias}")
def put(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    alias: str,
    wanted: AliasPut,
    service: Service,
    caller: AliasMover,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
) -> Alias:
    """Point the alias at a memory. With If-Match (its ETag) only if nobody has moved it since: 412."""
    moved = aliases.put(service.db, dictionary, alias, wanted, by=caller.key, if_match=if_match)
    return _tagged(response, moved)


@router.get("/{alias}/history")
def history(dictionary: str, alias: str, service: Service, _: Viewer, response: Response) -> AliasHistory:
    """Newest first, with the alias's ETag."""
    events = aliases.history(service.db, dictionary, alias)
    response.headers["ETag"] = aliases.etag(events.events[0])
    return events


def _tagged(response: Response, alias: Alias) -> Alias:
    response.headers["ETag"] = aliases.etag(alias)
    return alias
