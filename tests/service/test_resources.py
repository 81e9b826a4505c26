"""What the machine lacks is told by the errors that the machine itself raises."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from schemas.problems import Code
from service.errors import NotFound, Unprocessable
from service.resources import Lacking, find_lack
from service.storage import Database


def fill_a_disk(_: Path) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")


def fill_a_database(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "a.db")) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("CREATE TABLE a (b)")
        connection.execute("INSERT INTO a VALUES (zeroblob(100000))")


def meet_a_lock(folder: Path) -> None:
    """Through SQLAlchemy, which puts an error of its own around the driver's."""
    with closing(sqlite3.connect(folder / "a.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        database = Database(f"sqlite:///{folder / 'a.db'}")
        try:
            with database.engine.connect() as tx:
                tx.execute(text("PRAGMA busy_timeout = 0"))
                tx.execute(text("CREATE TABLE a (b INTEGER)"))
        finally:
            database.close()


def write_where_nothing_may_be_written(folder: Path) -> None:
    sqlite3.connect(folder / "a.db").close()
    with closing(sqlite3.connect(f"file:{folder / 'a.db'}?mode=ro", uri=True)) as connection:
        connection.execute("CREATE TABLE a (b)")


def open_what_is_not_there(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "none" / "a.db")) as connection:
        connection.execute("SELECT 1")


def want_too_much(_: Path) -> None:
    bytearray(2**62)


def raise_behind_another(_: Path) -> None:
    try:
        fill_a_disk(_)
    except OSError as error:
        raise RuntimeError("further up") from error


@pytest.mark.parametrize(
    ("meet", "code"),
    [
        (fill_a_disk, Code.DISK_FULL),
        (fill_a_database, Code.DISK_FULL),
        (meet_a_lock, Code.DATABASE_BUSY),
        (write_where_nothing_may_be_written, Code.DISK_FAILED),
        (open_what_is_not_there, Code.DISK_FAILED),
        (want_too_much, Code.OUT_OF_MEMORY),
        (raise_behind_another, Code.DISK_FULL),
    ],
)
def test_what_is_lacking_is_found(tmp_path: Path, meet: Callable[[Path], None], code: Code) -> None:
    """503, a sentence without anything of the error's own, and when to try again."""
    with pytest.raises((OSError, MemoryError, sqlite3.Error, SQLAlchemyError, RuntimeError)) as met:
        meet(tmp_path)
    lack = find_lack(met.value)
    assert lack is not None
    assert (lack.status, lack.code) == (503, code)
    assert int(lack.headers["retry-after"]) > 0
    assert str(tmp_path) not in lack.detail


@pytest.mark.parametrize(
    "error",
    [KeyError("a"), FileNotFoundError(2, "a"), NotFound("a"), Unprocessable("a"), sqlite3.IntegrityError("a")],
)
def test_other_faults_lack_nothing(error: Exception) -> None:
    assert find_lack(error) is None


def test_a_lack_stays_what_it_is() -> None:
    found = find_lack(Lacking(Code.TOO_MANY_FILES))
    assert found is not None
    assert found.code == Code.TOO_MANY_FILES
    assert os.strerror(24) not in found.detail
