"""A database of the newest shape: SQLite, and for `make test-services` Postgres."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.storage import Database
from service.storage.migrate import upgrade
from tests.postgres import fresh_database

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]


@pytest.fixture(scope="module", params=KINDS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for many examples, each of which makes a dictionary of its own."""
    yield from _migrated(request.param, tmp_path_factory.mktemp("shared"))


@pytest.fixture(params=KINDS)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    yield from _migrated(request.param, tmp_path)


def _migrated(kind: str, folder: Path) -> Iterator[Database]:
    database = Database(fresh_database() if kind == "postgres" else f"sqlite:///{folder / 'ledger.db'}")
    upgrade(database)
    yield database
    database.close()
