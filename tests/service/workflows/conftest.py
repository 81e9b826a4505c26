"""A data folder with its database, as a worker finds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.settings import Settings
from service.storage import Database
from service.storage.migrate import upgrade


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
