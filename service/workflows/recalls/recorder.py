"""Recalls in the audit chain: written beside the requests, in batches, never waited for.

A batch of recalls is one entry; so are the single recalls of one key by one memory within a second. Every recall is
counted in an entry; its names and answers are committed to always (`all`), or while there are few (`sampled`). What is
observed but not yet flushed is lost when the process is killed; a process that ends in order flushes first.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.recall import Result, Status
from service.storage import Database
from service.workflows.audit.auditor import SERVICE, Act, Auditor, Event, Prepared
from service.workflows.audit.commitments import answer_text
from service.workflows.recalls.observe import LiveRecall, RecallColumns

SAMPLED_ROWS = 1_000  # rows that are committed to between two flushes, where recalls are sampled
MOST_READY = 10_000  # entries that wait for a database that cannot be written; what is older is counted as unrecorded


@dataclass(slots=True)
class Entry:
    """The recalls of one entry, and what it will commit to, one row a pair."""

    by: str
    dictionary: str
    memory: str
    requests: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    subjects: list[str] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def count(self, statuses: Sequence[Status]) -> None:
        self.requests += 1
        self.asked.update(statuses)

    def commit(self, columns: RecallColumns) -> None:
        self.subjects += columns.subjects
        self.relations += columns.relations
        self.answers += map(answer_text, columns.statuses, columns.answers)

    def event(self) -> Event:
        details = {"requests": self.requests, "asked": self.asked.total(), **self.asked}
        texts = {"subject": self.subjects, "relation": self.relations, "answer": self.answers}
        about = (Act.RECALL, self.by, self.dictionary, self.memory)
        return Event(*about, details, texts if self.subjects else {})


class RecallRecorder:
    """A listener of live recalls. `missed` gives the number of queries that no listener received; the next entry
    records it.
    """

    def __init__(self, db: Database, auditor: Auditor, *, everything: bool, missed: Callable[[], int]) -> None:
        self._db = db
        self._auditor = auditor
        self._rows = math.inf if everything else SAMPLED_ROWS
        self._left = self._rows
        self._missed = missed
        self._reported = 0
        self._dropped = 0
        self._singles: dict[tuple[str, str, str], Entry] = {}
        self._ready: list[Prepared] = []

    def on_recalls(self, seen: Sequence[LiveRecall]) -> None:
        for each in seen:
            key = (each.by, each.served.dictionary, each.served.id)
            if len(each) == 1:
                self._note(self._singles.setdefault(key, Entry(*key)), each)
            else:
                entry = Entry(*key)
                self._note(entry, each)
                self._ready.append(self._auditor.prepare(entry.event()))

    def flush(self) -> None:
        """Write the entries; what cannot be written is kept for the next time."""
        self._left = self._rows
        self._ready += [self._auditor.prepare(entry.event()) for entry in self._singles.values()]
        self._singles = {}
        self._report_missed()
        if self._ready:
            with self._db.writing() as tx:
                self._auditor.append(tx, self._ready)
            self._ready = []

    def _note(self, entry: Entry, seen: LiveRecall) -> None:
        answered = seen.answered
        entry.count(
            answered.statuses if isinstance(answered, RecallColumns) else [result.status for result in answered]
        )
        if self._left > 0:
            columns = answered if isinstance(answered, RecallColumns) else _columns(answered)
            chosen = columns if len(columns.subjects) <= self._left else _some(columns, int(self._left))
            self._left -= len(chosen.subjects)
            entry.commit(chosen)

    def _report_missed(self) -> None:
        self._dropped += max(0, len(self._ready) - MOST_READY)
        self._ready = self._ready[-MOST_READY:]
        missed = self._missed()
        if missed > self._reported or self._dropped:
            details = {"unrecorded": missed - self._reported, "unrecorded_entries": self._dropped}
            self._ready.append(self._auditor.prepare(Event(Act.RECALL, SERVICE, details=details)))
            self._reported, self._dropped = missed, 0


def _columns(results: Sequence[Result]) -> RecallColumns:
    """The pairs with what was answered: a listing's are its candidates."""
    rows = [row for result in results for row in _pairs(result)]
    return RecallColumns(*zip(*rows, strict=True)) if rows else RecallColumns([], [], [], [])


def _pairs(result: Result) -> list[tuple[str, str, Status, Sequence[str]]]:
    if result.subject is not None and result.relation is not None:
        return [(result.subject, result.relation, result.status, result.answers)]
    return [(each.subject, each.relation, Status.ANSWERED, each.answers) for each in result.candidates]


def _some(columns: RecallColumns, count: int) -> RecallColumns:
    """A random sample of that many rows."""
    rows = random.sample(list(zip(*columns, strict=True)), count)
    return RecallColumns(*zip(*rows, strict=True))
