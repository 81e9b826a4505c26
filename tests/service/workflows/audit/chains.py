"""An auditor with a database of its own, and the entries of a chain."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.audit import AuditHead, AuditVerdict
from service.settings import Settings
from service.storage import Database, Transaction
from service.storage.migrate import upgrade
from service.workflows.audit import Act, Auditor, Event
from service.workflows.audit.verify import verify
from tests.postgres import fresh_database

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]


@dataclass(frozen=True, slots=True)
class Audited:
    """A database, its auditor, and what both were made from."""

    db: Database
    settings: Settings
    auditor: Auditor

    def record(self, *events: Event) -> None:
        with self.db.writing() as tx:
            self.auditor.record_all(tx, events)

    def head(self) -> AuditHead:
        with self.db.reading() as tx:
            return self.auditor.head(tx)

    def verdict(self, head: AuditHead | None = None, tx: Transaction | None = None) -> AuditVerdict:
        if tx is not None:
            return verify(tx, self.auditor.chain, head)
        with self.db.reading() as reading:
            return verify(reading, self.auditor.chain, head)


def event(number: int) -> Event:
    """The entries of a chain: every third commits to nothing, every fourth to several pairs."""
    rows = 0 if number % 3 == 0 else 3 if number % 4 == 0 else 1
    pairs = [(f"PART-{number}-{row}", "color") for row in range(rows)]
    texts = {"subject": [s for s, _ in pairs], "relation": [r for _, r in pairs], "answer": ["red"] * rows}
    act = list(Act)[number % len(Act)] if number % len(Act) != list(Act).index(Act.CHECKPOINT) else Act.EDIT
    return Event(act, f"key_{number}", "dic_1", "mem_1" if number % 2 else None, {"n": number}, texts if rows else {})


def made(kind: str, folder: Path) -> Iterator[Audited]:
    settings = Settings(data=folder, database_url=fresh_database() if kind == "postgres" else None)
    settings.make_folders()
    db = Database(settings.database)
    upgrade(db)
    yield Audited(db, settings, Auditor(db, settings))
    db.close()
