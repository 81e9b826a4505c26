"""Recalls in the audit chain: written beside the requests, in batches, never waited for.

A batch of recalls is one entry; so are the single recalls of one key by one memory within a second. What is heard but
not yet flushed is lost when the process is killed; a process that ends in order flushes first.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.recall import Result, Status
from service.storage import Database
from service.workflows.audit import SERVICE, Act, Auditor, Event, Prepared, prepared
from service.workflows.audit_commitments import answer_text
from service.workflows.observe import Columns, Seen


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

    def add(self, statuses: Sequence[Status], columns: Columns) -> None:
        self.requests += 1
        self.asked.update(statuses)
        self.subjects += columns.subjects
        self.relations += columns.relations
        self.answers += map(answer_text, columns.statuses, columns.answers)

    def event(self) -> Event:
        details = {"requests": self.requests, "asked": self.asked.total(), **self.asked}
        texts = {"subject": self.subjects, "relation": self.relations, "answer": self.answers}
        return Event(Act.RECALL, self.by, self.dictionary, self.memory, details, texts if self.subjects else {})


class RecallRecorder:
    """A listener of live recalls that leaves an entry of a `share` of the requests: 1 for all. `missed` says how many
    queries no listener has been told of; the next entry says so.
    """

    def __init__(self, db: Database, auditor: Auditor, share: float, missed: Callable[[], int]) -> None:
        self._db = db
        self._auditor = auditor
        self._share = share
        self._missed = missed
        self._told = 0
        self._singles: dict[tuple[str, str, str], Entry] = {}
        self._ready: list[Prepared] = []

    def heard(self, seen: Sequence[Seen]) -> None:
        for each in seen:
            if self._share < 1 and random.random() >= self._share:  # noqa: S311 - a sample, no secret
                continue
            key = (each.by, each.served.dictionary, each.served.id)
            if len(each) == 1:
                self._singles.setdefault(key, Entry(*key)).add(*_rows(each))
            else:
                entry = Entry(*key)
                entry.add(*_rows(each))
                self._ready.append(prepared(entry.event()))

    def flush(self) -> None:
        """What cannot be written stays for the next time."""
        self._ready += [prepared(entry.event()) for entry in self._singles.values()]
        self._singles = {}
        missed = self._missed()
        if missed > self._told:
            self._ready.append(prepared(Event(Act.RECALL, SERVICE, details={"unrecorded": missed - self._told})))
            self._told = missed
        if self._ready:
            with self._db.writing() as tx:
                self._auditor.append(tx, self._ready)
            self._ready = []


def _rows(seen: Seen) -> tuple[Sequence[Status], Columns]:
    """The statuses of all queries, and the pairs with what was answered: a listing's are its candidates."""
    if isinstance(seen.answered, Columns):
        return seen.answered.statuses, seen.answered
    rows = [row for result in seen.answered for row in _pairs(result)]
    columns = Columns(*zip(*rows, strict=True)) if rows else Columns([], [], [], [])
    return [result.status for result in seen.answered], columns


def _pairs(result: Result) -> list[tuple[str, str, Status, Sequence[str]]]:
    if result.subject is not None and result.relation is not None:
        return [(result.subject, result.relation, result.status, result.answers)]
    return [(each.subject, each.relation, Status.ANSWERED, each.answers) for each in result.candidates]
