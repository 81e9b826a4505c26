"""A data folder with its database, as a worker finds it, and an auditor with a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.settings import Settings
from service.storage import Database
from service.storage.migrate import upgrade
from tests.service.workflows.audit.chains import KINDS, Audited, made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path / "data", lease_seconds=60)
    made.make_folders()
    return made


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture(params=KINDS)
def audited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Audited]:
    yield from made(request.param, tmp_path / "data")
