"""Many rows at once through the driver: SQLAlchemy's per-row work would cost more than the database itself."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table

ROWS_A_STATEMENT = 20  # halves SQLite's time against one row a statement; more gains nothing
FETCH = 10_000

T = TypeVar("T")


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection meanwhile: walking millions of fresh tuples, none of them in a cycle, triples the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def in_batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """`values` in lists of `size`; the last may be shorter."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


def insert_rows(
    tx: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]], count: int
) -> None:
    """Insert `count` rows, each holding the values of `columns` in the driver's own types."""
    cursor: Any = tx.connection.cursor()
    mark = "?" if tx.dialect.paramstyle == "qmark" else "%s"
    one = f"({', '.join([mark] * len(columns))})"
    into = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES "  # noqa: S608 - our own table and columns
    values = chain.from_iterable(rows)
    with without_collection():
        groups = zip(*[values] * (len(columns) * ROWS_A_STATEMENT), strict=False)
        cursor.executemany(into + ", ".join([one] * ROWS_A_STATEMENT), islice(groups, count // ROWS_A_STATEMENT))
        cursor.executemany(into + one, zip(*[values] * len(columns), strict=True))
    cursor.close()


def fetch_columns(tx: Connection, query: Select[Any]) -> list[list[Any]]:
    """The result of `query`, one list a column, in the driver's own types."""
    columns: list[list[Any]] = [[] for _ in query.selected_columns]
    with without_collection():
        for rows in fetch_rows(tx, query):
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(values)
    return columns


def fetch_rows(tx: Connection, query: Select[Any]) -> Iterator[list[tuple[Any, ...]]]:
    """The result of `query` in lists of rows, as the driver gives them."""
    cursor: Any = tx.execute(query).cursor
    while rows := cursor.fetchmany(FETCH):
        yield rows
    cursor.close()
