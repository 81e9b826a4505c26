"""What a purge needs, without a service around it: a data folder, its database, and jobs done on demand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from schemas.edits import FactBatch, FactUpsert
from schemas.jobs import Job, JobKind
from schemas.memories import MemoryCreate
from service.settings import Settings
from service.storage import Database, jobs
from service.storage.migrate import upgrade
from service.storage.stamps import new_id
from service.workflows.audit import Auditor
from service.workflows.jobs.attempt import Attempt
from service.workflows.jobs.jobs import Work, find, perform
from service.workflows.ledger import dictionaries, edits
from service.workflows.purges import files
from service.workflows.versions.editors import Editors
from service.workflows.versions.loaded import LoadedVersions
from service.workflows.versions.memories import order_training
from service.workflows.versions.train import train

BY = "key"
KINDS: Mapping[JobKind, Work] = {JobKind.TRAIN: train, JobKind.PURGE: files.finish}
Facts = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Alone:
    """A service's parts."""

    db: Database
    settings: Settings
    auditor: Auditor
    editors: Editors

    def dictionary(self, facts: Facts) -> str:
        """The id of a new dictionary with these facts and a champion."""
        made = dictionaries.create(self.db, self.settings, self.auditor, new_id("test"), BY).id
        self.teach(made, facts)
        order_training(self.db, made, MemoryCreate(), BY, None)
        self.work()
        return made

    def teach(self, dictionary: str, facts: Facts) -> None:
        put = [
            FactUpsert(subject=subject, relation=relation, answer=answer)
            for (subject, relation), answer in facts.items()
        ]
        edits.apply(self, dictionary, FactBatch(upsert=put), by=BY)

    def attempt(self) -> Attempt:
        """The next job, claimed."""
        with self.db.writing() as tx:
            claim = jobs.claim(tx, "worker", timedelta(seconds=60))
        assert claim is not None
        return Attempt(self.db, self.settings, claim, Event())

    def work(self) -> Job:
        """The next job, done."""
        attempt = self.attempt()
        perform(attempt, KINDS)
        return find(self.db, attempt.claim.id)


def opened(data: Path) -> Alone:
    settings = Settings(data=data, device="cpu")
    settings.make_folders()
    db = Database(settings.database)
    upgrade(db)
    return Alone(db, settings, Auditor(db, settings), Editors(LoadedVersions(settings)))


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    made = opened(tmp_path / "data")
    yield made
    made.db.close()
