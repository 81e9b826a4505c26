"""The connection to SQLite (by default) or Postgres, and its two kinds of transaction."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, PoolProxiedConnection, Select, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from service.errors import Unavailable

PRAGMAS = (
    "journal_mode = WAL",  # readers never wait for the writer
    "synchronous = FULL",  # what was acknowledged survives a power cut
    "foreign_keys = ON",
    "busy_timeout = 60000",  # milliseconds; a million rows hold the write lock for seconds
    "secure_delete = ON",  # what is deleted is overwritten; costs a load nothing, a deletion a quarter
    "cache_size = -16384",  # KiB, for each of the pool's connections
    "journal_size_limit = 67108864",  # bytes: a million rows leave a large journal, which need not stay
)

DATABASE = "factstore.db"
LIVE_FILES = frozenset(f"{name}{end}" for name in (DATABASE, "rates.db") for end in ("", "-wal", "-shm"))
"""What SQLite writes in a data folder while the service runs: a backup holds a snapshot in their place."""
JOURNAL_SECONDS = 2.0  # how long emptying the journal waits for readers


class Database:
    """One engine. `reading` gives a snapshot; `writing` holds the write lock from its first statement on."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.on_work: Callable[[], None] = lambda: None
        """Called after a commit that brought work, or announced it: see `ring`."""
        self._journal = Path(f"{self.engine.url.database}-wal") if self.is_sqlite else None
        self._peek_lock = Lock()
        self._peek_connection: PoolProxiedConnection | None = None

    @classmethod
    def of_file(cls, path: Path) -> "Database":
        """An SQLite database in a file of its own."""
        return cls(f"sqlite:///{path}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Commits when the block ends, rolls back when it raises."""
        rings: list[bool] = []
        opened = self.engine.connect().execution_options(begin="BEGIN IMMEDIATE", rings=rings)
        with opened as connection, connection.begin():
            yield connection
        if rings:
            self.on_work()

    def peek(self, statement: str) -> Any:
        """The single value of a fixed statement, outside any transaction, on a connection kept for it; 0 if none."""
        with self._peek_lock:
            if self._peek_connection is None:
                self._peek_connection = self.engine.raw_connection()
            try:
                cursor = self._peek_connection.cursor()
                cursor.execute(statement)
                row = cursor.fetchone()
                cursor.close()
                if not self.is_sqlite:
                    self._peek_connection.rollback()  # the driver began a snapshot of its own
            except Exception:  # a connection that is lost would fail for ever: the next look opens another
                self._peek_connection.invalidate()
                self._peek_connection = None
                raise
        return row[0] if row else 0

    def written(self) -> float | None:
        """When SQLite's journal was written last, in seconds since the epoch; None where only a look can tell."""
        try:
            return self._journal.stat().st_mtime if self._journal else None
        except FileNotFoundError:  # the database is not open anywhere, or not kept in a file
            return None

    def forget(self) -> None:
        """Empty SQLite's journal, which still repeats what was deleted; where readers hold it, their end lets it go."""
        if self.is_sqlite:
            with closing(sqlite3.connect(self.engine.url.database or "", timeout=JOURNAL_SECONDS)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def erase(self, seconds: float) -> bool:
        """Rewrite the database without its free pages and empty the journal, so that no file repeats what was deleted.
        False where readers or writers held their snapshots longer than `seconds`: to be tried again.
        """
        if not self.is_sqlite:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM FULL")
            return True
        path = self.engine.url.database or ""
        with closing(sqlite3.connect(path, timeout=seconds, isolation_level=None)) as connection:
            try:
                if not _empty_journal(connection):  # or each try would write the whole database to it once more
                    return False
                connection.execute("VACUUM")
                return _empty_journal(connection)
            except sqlite3.OperationalError:
                return False

    def snapshot(self, path: Path) -> None:
        """Write the database as it is now, without free pages, to a new SQLite file. Raises Unavailable on Postgres."""
        if not self.is_sqlite:
            raise Unavailable("this database has its own tools for backups, such as pg_dump")
        with closing(sqlite3.connect(self.engine.url.database or "", isolation_level=None)) as connection:
            connection.execute("VACUUM INTO ?", (str(path),))

    @property
    def name(self) -> str:
        """The address of the database, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        if self._peek_connection is not None:
            self._peek_connection.close()
            self._peek_connection = None
        self.engine.dispose()


def _empty_journal(connection: sqlite3.Connection) -> bool:
    """Empty SQLite's journal; False where a reader or a writer holds it."""
    [busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def newest(query: Select[Any], number: ColumnElement[int], before: int | None, limit: int) -> Select[Any]:
    """The query for a page of its rows, newest first: those with a `number` below `before`."""
    wanted = query if before is None else query.where(number < before)
    return wanted.order_by(number.desc()).limit(limit)


def ring(tx: Connection) -> None:
    """Wake the worker once `tx` has committed."""
    tx.get_execution_options().get("rings", []).append(True)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose messages repeat the URL, password and all
        raise Unavailable("FACTSTORE_DATABASE_URL is no URL of a database: escape / : @ in its password") from None
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, pool_size=16, max_overflow=32)
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    driver = parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed
    return create_engine(driver, pool_pre_ping=True)


def _open_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin_sqlite` does
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
