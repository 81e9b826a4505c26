"""/v1/dictionaries/{d}/use: what is really asked, how much of it is answered, and what is missed most."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query

from schemas.live_use import Unknowns, Use
from service.routes.context import Service, UnknownsReader, Viewer
from service.workflows.recalls import live_use

router = APIRouter(prefix="/v1/dictionaries/{dictionary}/use", tags=["use"])


@router.get("")
def use(dictionary: str, service: Service, _: Viewer, since: dt.date | None = None) -> Use:
    """Counts from a day (UTC) on; those of the last seconds are still on their way."""
    return live_use.use(service.db, dictionary, since.isoformat() if since else None)


@router.get("/unknowns")
def unknowns(
    dictionary: str, service: Service, _: UnknownsReader, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Unknowns:
    """The pairs most asked that no memory answered; kept only where the service is set to."""
    return live_use.unknowns(service.db, service.settings, dictionary, limit)
