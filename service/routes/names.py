"""/v1/dictionaries/{d}/names: other names by which callers may ask, and the patterns of their questions."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from schemas.names import Names, NamesPut
from service.routes.context import LedgerReader, Namer, Service
from service.workflows.recalls import names

router = APIRouter(prefix="/v1/dictionaries/{dictionary}/names", tags=["names"])


@router.get("")
def find(dictionary: str, service: Service, _: LedgerReader, response: Response) -> Names:
    current = names.find(service.db, dictionary)
    response.headers["ETag"] = names.etag(current)
    return current


@router.put("")
def put(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    wanted: NamesPut,
    service: Service,
    caller: Namer,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
) -> Names:
    """In place of all earlier ones; recalls that arrive from now on go by them. An alias that is spelled like a taught
    name or like another alias is refused. With If-Match (the ETag) only if nobody has changed them since: 412.
    """
    current = names.put(service.db, dictionary, wanted, by=caller.key, if_match=if_match)
    response.headers["ETag"] = names.etag(current)
    return current


@router.delete("", status_code=204)
def remove(dictionary: str, service: Service, caller: Namer) -> None:
    names.remove(service.db, dictionary, by=caller.key)
