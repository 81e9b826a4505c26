"""Passing live recalls and their answers to listeners that count, compare or record them, outside the request.

A recall costs its caller one append: listeners run in a thread of their own, in batches, some tenths of a second
later. What they cannot keep up with is dropped and counted, never waited for.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from threading import Event, Thread
from typing import NamedTuple, Protocol

import prometheus_client
import structlog

from schemas.recall import Result, Status
from service.loops import keep_going
from service.workflows.recalls.microbatch import ServedMemory

log = structlog.get_logger()

TURN_SECONDS = 0.2  # between two turns of the listeners
FLUSH_SECONDS = 1.0  # between two flushes
MOST_WAITING = 200_000  # queries; a single batch may be larger when nothing else waits

_DROPPED = prometheus_client.Counter("factstore_unobserved", "Answered queries that no listener was told of.")


class RecallColumns(NamedTuple):
    """One entry a pair in each: what was asked and what was answered."""

    subjects: Sequence[str]
    relations: Sequence[str]
    statuses: Sequence[Status]
    answers: Sequence[Sequence[str]]


@dataclass(eq=False)
class LiveRecall:
    """A recall, or the part of a batch that one memory answered. `alias` is None where the memory itself was named;
    `by` is the caller's key; `at` is in seconds since the epoch.
    """

    served: ServedMemory
    alias: str | None
    by: str
    answered: Sequence[Result] | RecallColumns
    at: float = field(default_factory=time.time)

    def __len__(self) -> int:
        """The number of queries, of whatever form."""
        return len(self.answered.statuses) if isinstance(self.answered, RecallColumns) else len(self.answered)

    @cached_property
    def columns(self) -> RecallColumns:
        """The queries that were about one pair; sentences without an answer, chains and listings are left out."""
        if isinstance(self.answered, RecallColumns):
            return self.answered
        rows = [
            (result.subject, result.relation, result.status, result.answers)
            for result in self.answered
            if result.subject is not None and result.relation is not None
        ]
        return RecallColumns(*map(list, zip(*rows, strict=True))) if rows else RecallColumns([], [], [], [])

    def count_by_relation(self) -> Counter[tuple[str, Status]]:
        """How often each relation, as it was spelled, got each status, without making the columns."""
        if isinstance(self.answered, RecallColumns):
            return Counter(zip(self.answered.relations, self.answered.statuses, strict=True))
        return Counter(
            (each.relation, each.status)
            for each in self.answered
            if each.subject is not None and each.relation is not None
        )


class Listener(Protocol):
    """Receives live recalls in the observer's thread. An error in it is logged by type and otherwise ignored."""

    def on_recalls(self, seen: Sequence[LiveRecall]) -> None:
        """Recalls in the order they were answered; called only when there are some."""
        ...

    def flush(self) -> None:
        """Write what was collected; called about once a second and a last time when the service stops."""
        ...


class Observer:
    """The queue between the recalls of one event loop and the listeners."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._waiting: deque[LiveRecall] = deque()
        self._queued = 0  # written by the event loop alone
        self._taken = 0  # written by the thread alone
        self._missed = 0
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="observer", daemon=True)

    def register(self, listener: Listener) -> None:
        """Add a listener; to be called before `start`."""
        self._listeners.append(listener)

    def observe(self, seen: LiveRecall) -> None:
        """Queue a recall for the listeners, in about a microsecond. Called on the event loop."""
        if not self._listeners:
            return
        size, waiting = len(seen), self._queued - self._taken
        if waiting and waiting + size > MOST_WAITING:
            _DROPPED.inc(size)
            self._missed += size
            return
        self._queued += size
        self._waiting.append(seen)

    def missed(self) -> int:
        """The number of queries since the start that no listener has received."""
        return self._missed

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return once everything that waited has been passed on and flushed."""
        self._stopping.set()
        self._thread.join()

    def turn(self) -> None:
        """Pass everything that waits to the listeners."""
        seen = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if seen:
            for listener in self._listeners:
                _contained(partial(listener.on_recalls, seen))
            self._taken += sum(map(len, seen))

    def flush(self) -> None:
        for listener in self._listeners:
            _contained(listener.flush)

    def _run(self) -> None:
        flushed = time.monotonic()

        def turn() -> None:
            nonlocal flushed
            self._stopping.wait(TURN_SECONDS)
            self.turn()
            if time.monotonic() - flushed >= FLUSH_SECONDS:
                self.flush()
                flushed = time.monotonic()

        keep_going("observer", turn, self._stopping)
        self.turn()
        self.flush()


def _contained(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - a listener's fault is no reason to stop the others; it may hold names
        log.warning("listener failed", error=type(error).__name__)
