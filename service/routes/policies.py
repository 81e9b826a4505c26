"""/v1/dictionaries/{d}/policies: what becomes of personal data before it is stored, and the pseudonyms it leaves."""

from typing import Annotated

from fastapi import Query, Response

from schemas.policies import (
    Complied,
    Forgotten,
    Policies,
    PoliciesPut,
    PoliciesSet,
    PseudonymAnswer,
    PseudonymQuery,
)
from schemas.problems import Code
from service.routes.context import IfMatch, LedgerReader, PolicyMaker, Service
from service.routes.replies import refusals, with_etag
from service.routes.wire import Router
from service.workflows.policies import policies

router = Router(prefix="/v1/dictionaries/{dictionary}", tags=["policies"])


@router.get("/policies")
def find(dictionary: str, service: Service, _: LedgerReader, response: Response) -> Policies:
    return with_etag(response, policies.find(service, dictionary))


@router.put("/policies", responses=refusals({409: [Code.NAMES_IN_CLEAR], 412: [Code.PRECONDITION_FAILED]}))
def put(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    wanted: PoliciesPut,
    service: Service,
    caller: PolicyMaker,
    response: Response,
    if_match: IfMatch = None,
) -> PoliciesSet:
    """In place of all earlier ones, for whatever is stored from now on. Stored facts stay as they are; the reply
    counts those that do not comply. With If-Match (the ETag) only if nobody has changed the policies since: 412.
    """
    return with_etag(response, policies.put(service, dictionary, wanted, by=caller.key, if_match=if_match))


@router.post("/policies:apply", responses={202: {"model": Complied}})
def comply(dictionary: str, service: Service, caller: PolicyMaker, response: Response) -> Complied:
    """Make the stored facts comply. 202 where the memory must be trained anew for it."""
    complied = policies.comply(service, dictionary, by=caller.key)
    if complied.job is not None:
        response.status_code = 202
        response.headers["Location"] = f"/v1/jobs/{complied.job}"
    return complied


@router.post("/policies/pseudonyms:resolve")
def resolve(dictionary: str, asked: PseudonymQuery, service: Service, caller: PolicyMaker) -> PseudonymAnswer:
    """Read pseudonyms, or make those of texts. Every call is in the audit."""
    return policies.resolve(service, dictionary, asked, by=caller.key)


@router.delete("/policies/pseudonyms")
def forget(
    dictionary: str,
    service: Service,
    caller: PolicyMaker,
    pseudonym: Annotated[str | None, Query(max_length=100)] = None,
) -> Forgotten:
    """Forget what one pseudonym, or every one, stands for. Recall by the real name goes on: it needs only the key."""
    return policies.forget(service, dictionary, pseudonym, by=caller.key)
