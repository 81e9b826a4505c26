"""Whether the process lives, whether it can do its work, and its metrics."""

import asyncio

import prometheus_client
from fastapi import Response

from schemas.health import Health
from service.loops import failures
from service.routes.context import MetricsReader, Service
from service.routes.wire import Router
from service.workflows import health
from service.workflows.versions import scrubs

router = Router(tags=["health"])

_JOBS = prometheus_client.Gauge("factstore_jobs", "Jobs by state.", ["state"])
_SILENT = prometheus_client.Gauge("factstore_worker_silent_seconds", "Since a worker last looked for jobs.")
_WAITING = prometheus_client.Gauge("factstore_job_waiting_seconds", "That the oldest queued job has waited.")
_FAILED = prometheus_client.Gauge("factstore_failed_turns", "Turns of background loops that failed.", ["loop"])
_SCRUBS = prometheus_client.Gauge("factstore_scrubs", "Scrubs of stored memories by what they found.", ["state"])
_AUDITED = prometheus_client.Gauge("factstore_audit_entries", "Entries that the audit chain ever had.")
_DAMAGED = prometheus_client.Gauge("factstore_scrub_damaged", "Memories in use that are damaged on the disk.")


@router.get("/livez")
async def livez() -> Health:
    """Needs no key."""
    return Health(status="ok")


@router.get("/readyz")
async def readyz(service: Service) -> Health:
    """Needs no key. The database answers and has the right shape, every champion can be loaded, and a worker looks for
    jobs; else 503.
    """
    champions = await asyncio.to_thread(service.readiness.champions)
    await service.readiness.load(champions)
    return Health(status="ok")


@router.get("/metrics", response_class=Response)
def metrics(service: Service, _: MetricsReader) -> Response:
    """For Prometheus; figures only, no names. They are about every dictionary: no scoped key reads them."""
    queue = health.read_queue(service.db)
    for state, count in queue.by_state.items():
        _JOBS.labels(state).set(count)
    _SILENT.set(queue.silent)
    _WAITING.set(queue.waiting)
    for loop, count in failures.items():
        _FAILED.labels(loop).set(count)
    for found, count in scrubs.count_by_state(service.db).items():
        _SCRUBS.labels(found).set(count)
    _DAMAGED.set(len(scrubs.list_damaged(service.db)))
    with service.db.reading() as tx:
        _AUDITED.set(service.auditor.head(tx).entries)
    return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)
