"""Whether the process lives, whether it can do its work, and its metrics."""

import asyncio

import prometheus_client
from fastapi import Response

from schemas.health import Health
from service.routes.context import MetricsReader, Service
from service.routes.wire import Router
from service.workflows import health
from service.workflows.versions import scrubs

router = Router(tags=["health"])

_JOBS = prometheus_client.Gauge("factstore_jobs", "Jobs by state.", ["state"])
_SCRUBS = prometheus_client.Gauge("factstore_scrubs", "Scrubs of stored memories by what they found.", ["state"])
_AUDITED = prometheus_client.Gauge("factstore_audit_entries", "Entries that the audit chain ever had.")
_DAMAGED = prometheus_client.Gauge("factstore_scrub_damaged", "Memories in use that are damaged on the disk.")


@router.get("/livez")
async def livez() -> Health:
    """Needs no key."""
    return Health(status="ok")


@router.get("/readyz")
async def readyz(service: Service) -> Health:
    """Needs no key. The database answers and has the right shape, and every champion can be loaded; else 503."""
    champions = await asyncio.to_thread(service.readiness.champions)
    await service.readiness.load(champions)
    return Health(status="ok")


@router.get("/metrics", response_class=Response)
def metrics(service: Service, _: MetricsReader) -> Response:
    """For Prometheus; figures only, no names. They are about every dictionary: no scoped key reads them."""
    for state, count in health.job_counts(service.db).items():
        _JOBS.labels(state).set(count)
    for found, count in scrubs.count_by_state(service.db).items():
        _SCRUBS.labels(found).set(count)
    _DAMAGED.set(len(scrubs.list_damaged(service.db)))
    with service.db.reading() as tx:
        _AUDITED.set(service.auditor.head(tx).entries)
    return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)
