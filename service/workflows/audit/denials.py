"""Denied requests in the audit chain: counted, and written once a minute, so that repeated attempts do not fill it."""

from collections import Counter
from threading import Lock
from typing import NamedTuple

import prometheus_client

from service.storage import Database
from service.workflows.audit import Act, Auditor, Event

MOST = 100  # kinds counted apart within a period; any beyond them are counted together
OTHERS = "others"

_DENIED = prometheus_client.Counter("factstore_denied", "Denied requests.", ["status"])


class Denial(NamedTuple):
    """`by` is the key's id, or the visible start of a key that is not valid; the route is a template."""

    by: str
    route: str
    status: int


class Denials:
    """Writes one audit entry per period for each key, route and status, with a count."""

    def __init__(self, db: Database, auditor: Auditor) -> None:
        self._db = db
        self._auditor = auditor
        self._counts: Counter[Denial] = Counter()
        self._lock = Lock()

    def count(self, denial: Denial) -> None:
        _DENIED.labels(str(denial.status)).inc()
        with self._lock:
            told_apart = denial in self._counts or len(self._counts) < MOST
            self._counts[denial if told_apart else Denial(OTHERS, OTHERS, denial.status)] += 1

    def write(self) -> None:
        """Write the counts; called once a period, and a last time when the service stops. What cannot be written is
        kept.
        """
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            if counts:
                with self._db.writing() as tx:
                    self._auditor.record_all(tx, [_event(denial, count) for denial, count in counts.items()])
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise


def _event(denial: Denial, count: int) -> Event:
    details = {"route": denial.route, "status": denial.status, "count": count}
    return Event(Act.DENIED, denial.by, details=details)
