"""A database of the newest shape, one a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.storage import Database
from service.storage.migrate import upgrade


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for many examples, each of which makes a dictionary of its own."""
    yield from _migrated(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    yield from _migrated(tmp_path)


def _migrated(folder: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{folder / 'ledger.db'}")
    upgrade(database)
    yield database
    database.close()
