"""The same facts in a table in this process: a dict, and SQLite with a primary key. The sceptic's answer."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from pilot.reading import Pair
from schemas.checks import Holding

_ROUNDS = 20
_SCHEMA = """
CREATE TABLE facts (
    subject TEXT NOT NULL, relation TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (subject, relation, answer)
) WITHOUT ROWID
"""
_LOOK_UP = "SELECT answer FROM facts WHERE subject = ? AND relation = ?"

Taught = Mapping[Pair, tuple[str, ...]]


class _Table(NamedTuple):
    """Bytes (None for a dict: its share of this process is not measured) and seconds to build."""

    name: str
    size: int | None
    built: float


def table_holdings(taught: Taught, asked: Sequence[Pair]) -> list[Holding]:
    """Builds each table from the facts and looks every asked pair up, 20 times over."""
    return [_exact_table(taught, asked), _sqlite(taught, asked)]


def _exact_table(taught: Taught, asked: Sequence[Pair]) -> Holding:
    start = time.perf_counter()
    table = {(subject, relation): answers for (subject, relation), answers in taught.items()}
    built = time.perf_counter() - start
    return _measured(_Table("exact_table", None, built), lambda pair: table.get(pair, ()), taught, asked)


def _sqlite(taught: Taught, asked: Sequence[Pair]) -> Holding:
    with tempfile.TemporaryDirectory(prefix="pilot-") as folder:
        path = Path(folder, "facts.sqlite")
        with closing(sqlite3.connect(path)) as database:
            start = time.perf_counter()
            with database:
                database.execute(_SCHEMA)
                rows = ((*pair, answer) for pair, answers in sorted(taught.items()) for answer in answers)
                database.executemany("INSERT INTO facts VALUES (?, ?, ?)", rows)
            built = time.perf_counter() - start

            def look_up(pair: Pair) -> tuple[str, ...]:
                return tuple(answer for (answer,) in database.execute(_LOOK_UP, pair))

            return _measured(_Table("sqlite", path.stat().st_size, built), look_up, taught, asked)


def _measured(
    table: _Table, look_up: Callable[[Pair], tuple[str, ...]], taught: Taught, asked: Sequence[Pair]
) -> Holding:
    right = sum(tuple(sorted(look_up(pair))) == taught[pair] for pair in asked)
    start = time.perf_counter()
    for _ in range(_ROUNDS):
        for pair in asked:
            look_up(pair)
    seconds = time.perf_counter() - start
    return Holding(
        name=table.name,
        bytes=table.size,
        build_seconds=table.built,
        lookups_per_second=_ROUNDS * len(asked) / seconds,
        right=right,
        asked=len(asked),
    )
