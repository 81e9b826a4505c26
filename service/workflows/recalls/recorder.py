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
from typing import TypeVar

from schemas.recall import Result, Status
from service.storage import Database
from service.workflows.audit.auditor import SERVICE, Act, Auditor, Event, Prepared
from service.workflows.audit.commitments import answer_text
from service.workflows.recalls.observe import LiveRecall, RecallColumns

SAMPLED_ROWS = 1_000  # rows that are committed to between two flushes, where recalls are sampled
MOST_READY = 10_000  # entries that wait for a database that cannot be written; what is older is counted as unrecorded

Row = tuple[str, str, Status, Sequence[str]]  # subject, relation and what was answered
T = TypeVar("T")


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

    def commit(self, rows: Sequence[Row]) -> None:
        self.subjects += [subject for subject, _, _, _ in rows]
        self.relations += [relation for _, relation, _, _ in rows]
        self.answers += [answer_text(status, answers) for _, _, status, answers in rows]

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
            chosen = _some(_rows(answered, self._left), self._left)
            self._left -= len(chosen)
            entry.commit(chosen)

    def _report_missed(self) -> None:
        self._dropped += max(0, len(self._ready) - MOST_READY)
        self._ready = self._ready[-MOST_READY:]
        missed = self._missed()
        if missed > self._reported or self._dropped:
            details = {"unrecorded": missed - self._reported, "unrecorded_entries": self._dropped}
            self._ready.append(self._auditor.prepare(Event(Act.RECALL, SERVICE, details=details)))
            self._reported, self._dropped = missed, 0


def _rows(answered: Sequence[Result] | RecallColumns, most: float) -> list[Row]:
    """Pairs with what was answered, of at most so many of the queries: a listing's pairs are its candidates."""
    if isinstance(answered, RecallColumns):
        rows = zip(answered.subjects, answered.relations, answered.statuses, answered.answers, strict=True)
        return list(_some(list(rows), most))
    return [row for result in _some(answered, most) for row in _pairs(result)]


def _pairs(result: Result) -> list[Row]:
    if result.subject is not None and result.relation is not None:
        return [(result.subject, result.relation, result.status, result.answers)]
    return [(each.subject, each.relation, Status.ANSWERED, each.answers) for each in result.candidates]


def _some(items: Sequence[T], most: float) -> Sequence[T]:
    """The items, or a random sample of `most` of them."""
    return items if len(items) <= most else random.sample(items, int(most))
