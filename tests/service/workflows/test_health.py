"""Ready means able to work: a worker that gives no sign of itself is told of, with what helps."""

import math
import time

import pytest

from schemas.jobs import JobKind
from schemas.problems import Code
from service.errors import Unavailable
from service.resources import Lacking
from service.settings import Settings
from service.storage import Database, dictionaries, jobs
from service.storage.stamps import now
from service.workflows.health import UNHEARD, Readiness, read_queue
from service.workflows.recalls.serving import Serving
from tests.service.workflows.recalls.shelf import Shelf


def started(db: Database, settings: Settings, ago: float) -> Readiness:
    """Readiness of a service that was started so many seconds ago."""
    at = time.time()
    clock = iter([at - ago])
    return Readiness(db, Serving(Shelf({})), settings, lambda: next(clock, at))


def test_a_silent_worker_is_told_of(db: Database, settings: Settings) -> None:
    """Not before it had the time to start, nor while it looks for jobs or is at one; with nothing queued as well."""
    assert started(db, settings, UNHEARD / 2).champions() == []
    with pytest.raises(Unavailable, match=r"no worker has looked for jobs for 1[0-9]{3} seconds") as silent:
        started(db, settings, 1000).champions()
    assert int(str(silent.value.extra["silent_seconds"])) >= 1000
    with db.writing() as tx:
        jobs.beat(tx, "w")
    assert started(db, settings, 1000).champions() == []


@pytest.mark.parametrize(("kind", "ready"), [(JobKind.TRAIN, True), (JobKind.REPORT, False)])
def test_a_worker_at_a_job_is_no_silent_one(db: Database, settings: Settings, kind: JobKind, ready: bool) -> None:
    """Its lease speaks for it, unless the job is one of those that run beside the others."""
    with db.writing() as tx:
        jobs.add(tx, jobs.Order(kind, dictionaries.add(tx, "d").number, {}, "key"))
    assert read_queue(db).waiting >= 0
    with db.writing() as tx:
        assert jobs.claim(tx, "w", now() - now().replace(year=2000)) is not None
    try:
        started(db, settings, 1000).champions()
    except Unavailable:
        assert not ready
    else:
        assert ready


def test_the_queue_has_its_ages(db: Database) -> None:
    with db.writing() as tx:
        jobs.add(tx, jobs.Order(JobKind.TRAIN, dictionaries.add(tx, "d").number, {}, "key"))
    before = read_queue(db)
    assert (before.silent, before.waiting > 0) == (math.inf, True)
    with db.writing() as tx:
        jobs.beat(tx, "w")
    assert math.isfinite(read_queue(db).silent)
    assert read_queue(db).waiting > before.waiting


def test_a_disk_that_is_nearly_full_is_told_of(db: Database, settings: Settings) -> None:
    """Before anything fails for want of room."""
    wanting = settings.model_copy(update={"min_free_bytes": 2**62})
    with pytest.raises(Lacking) as lack:
        started(db, wanting, 0).champions()
    assert (lack.value.status, lack.value.code) == (503, Code.DISK_FULL)
