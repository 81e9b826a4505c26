"""/v1/dictionaries/{d}/use and /shadow: what is really asked, and how a challenger would answer it."""

from typing import Annotated

from fastapi import Query

from schemas.base import DIGITS, Day
from schemas.live_use import Unknowns, Use
from schemas.shadow import DisagreementList, Shadow, ShadowPut
from service.routes.context import AliasMover, LedgerReader, Service, UnknownsReader, Viewer
from service.routes.wire import Router
from service.workflows.recalls import live_use, shadow

router = Router(prefix="/v1/dictionaries/{dictionary}/use", tags=["use"])


@router.get("")
def use(dictionary: str, service: Service, _: Viewer, since: Day | None = None) -> Use:
    """Counts from a day (UTC) on; those of the last seconds are still on their way."""
    return live_use.get_use(service.db, dictionary, since.isoformat() if since else None)


@router.get("/unknowns")
def unknowns(
    dictionary: str, service: Service, _: UnknownsReader, limit: Annotated[int, Query(ge=1, le=1000), DIGITS] = 100
) -> Unknowns:
    """The pairs most asked that no memory answered; kept only where the service is set to."""
    return live_use.list_unknowns(service.db, service.settings, dictionary, limit)


shadow_router = Router(prefix="/v1/dictionaries/{dictionary}/shadow", tags=["aliases"])


@shadow_router.put("")
def put(dictionary: str, wanted: ShadowPut, service: Service, caller: AliasMover) -> Shadow:
    """Compare this share with the alias. Another alias starts new counts."""
    return shadow.put(service, dictionary, wanted, by=caller.key)


@shadow_router.get("")
def find(dictionary: str, service: Service, _: Viewer) -> Shadow:
    """What was asked, and how often the two agreed, by relation; up to about a second old."""
    return shadow.find(service.db, dictionary)


@shadow_router.delete("", status_code=204)
def stop(dictionary: str, service: Service, caller: AliasMover) -> None:
    shadow.stop(service, dictionary, by=caller.key)


@shadow_router.get("/disagreements")
def disagreements(dictionary: str, service: Service, _: LedgerReader) -> DisagreementList:
    """The pairs that the two replied to differently, with both replies, newest first."""
    return shadow.list_disagreements(service.db, dictionary)
