"""/v1/dictionaries/{d}/names: other names by which callers may ask, and the patterns of their questions."""

from fastapi import Response

from schemas.names import Names, NamesPut
from schemas.problems import Code
from service.routes.context import IfMatch, LedgerReader, Namer, Service
from service.routes.replies import refusals, with_etag
from service.routes.wire import Router
from service.workflows.recalls import names

router = Router(prefix="/v1/dictionaries/{dictionary}/names", tags=["names"])


@router.get("")
def find(dictionary: str, service: Service, _: LedgerReader, response: Response) -> Names:
    return with_etag(response, names.find(service.db, dictionary))


@router.put("", responses=refusals({409: [Code.NAMES_IN_CLEAR], 412: [Code.PRECONDITION_FAILED]}))
def put(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    wanted: NamesPut,
    service: Service,
    caller: Namer,
    response: Response,
    if_match: IfMatch = None,
) -> Names:
    """In place of all earlier ones; recalls that arrive from now on go by them. An alias that is spelled like a taught
    name or like another alias is refused. With If-Match (the ETag) only if nobody has changed them since: 412.
    """
    return with_etag(
        response, names.put(service.db, service.auditor, dictionary, wanted, by=caller.key, if_match=if_match)
    )


@router.delete("", status_code=204)
def remove(dictionary: str, service: Service, caller: Namer) -> None:
    names.remove(service.db, service.auditor, dictionary, by=caller.key)
