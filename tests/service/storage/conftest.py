"""A database of the newest shape: SQLite, and Postgres where FACTSTORE_TEST_POSTGRES names one to make databases in."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from service.storage import Database
from service.storage.migrate import upgrade

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]


@pytest.fixture(scope="module", params=KINDS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for many examples, each of which makes a dictionary of its own."""
    yield from _migrated(request.param, tmp_path_factory.mktemp("shared"))


@pytest.fixture(params=KINDS)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    yield from _migrated(request.param, tmp_path)


def _migrated(kind: str, folder: Path) -> Iterator[Database]:
    database = Database(_fresh_postgres() if kind == "postgres" else f"sqlite:///{folder / 'ledger.db'}")
    upgrade(database)
    yield database
    database.close()


def _fresh_postgres() -> str:
    server = make_url(os.environ["FACTSTORE_TEST_POSTGRES"]).set(drivername="postgresql+psycopg")
    name = f"factstore_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
