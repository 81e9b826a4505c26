"""/v1/audit: the chain's entries, its head, whether it holds, and what it says about one pair."""

from typing import Annotated

from fastapi import Query

from schemas.audit import AuditFound, AuditHead, AuditPage, AuditSearch, AuditVerdict, AuditVerify
from schemas.base import DIGITS, Moment
from service.routes.context import Auditing, Service
from service.routes.wire import Router
from service.storage.audit import EntryFilter
from service.workflows.audit import verify as verification
from service.workflows.recalls import audit_search as searching

router = Router(prefix="/v1", tags=["audit"])


@router.get("/audit")
def listed(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    service: Service,
    _: Auditing,
    act: str | None = None,
    by: str | None = None,
    dictionary: str | None = None,
    memory: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000), DIGITS] = 100,
) -> AuditPage:
    """Newest first. `dictionary` and `memory` are ids; `until` is not included."""
    moments = (searching.moment(since), searching.moment(until))
    return searching.read_page(service.db, EntryFilter(act, by, dictionary, memory, *moments), cursor, limit)


@router.get("/audit/head")
def head(service: Service, _: Auditing) -> AuditHead:
    """To be kept where nobody who can write the database reaches it: it shows later that nothing was cut off."""
    with service.db.reading() as tx:
        return service.auditor.head(tx)


@router.post("/audit:verify")
def verify(service: Service, _: Auditing, wanted: AuditVerify | None = None) -> AuditVerdict:
    """The first entry that was altered, is missing, stands elsewhere or was cut off; with an exported head also the
    whole table put back to an earlier state.
    """
    with service.db.reading() as tx:
        return verification.verify(tx, service.auditor.chain, wanted.head if wanted else None)


@router.post("/audit:search")
def search(asked: AuditSearch, service: Service, _: Auditing) -> AuditFound:
    """What was answered for a pair, when, from which memory, taught by which line of which upload, reviewed by whom."""
    return searching.search(service.db, service.settings, service.auditor, asked)
