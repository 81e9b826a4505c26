"""Measure what a sceptic would use instead of a memory: a dict, and SQLite with a primary key, in this process.

SQLite is measured twice: with names in every row, as one would write it first, and with each name stored once and facts
as three numbers, as one would write it to save bytes.
"""

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
BY_NAME = """
CREATE TABLE facts (
    subject TEXT NOT NULL, relation TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (subject, relation, answer)
) WITHOUT ROWID
"""
BY_NUMBER = """
CREATE TABLE subjects (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE relations (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE answers (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE facts (
    subject INTEGER NOT NULL, relation INTEGER NOT NULL, answer INTEGER NOT NULL,
    PRIMARY KEY (subject, relation, answer)
) WITHOUT ROWID
"""
_LOOK_UP = "SELECT answer FROM facts WHERE subject = ? AND relation = ?"
_LOOK_UP_BY_NUMBER = """
SELECT answers.name FROM facts JOIN answers ON answers.number = facts.answer
WHERE subject = (SELECT number FROM subjects WHERE name = ?)
AND relation = (SELECT number FROM relations WHERE name = ?)
"""

Taught = Mapping[Pair, tuple[str, ...]]
Rows = Sequence[tuple[str, str, str]]


class _BuiltTable(NamedTuple):
    """A table's size in bytes (None for a dict, whose share of this process is not measured) and seconds to build."""

    name: str
    size: int | None
    built: float


class _Schema(NamedTuple):
    """How facts are written to SQLite and how a pair is looked up."""

    name: str
    write: Callable[[sqlite3.Connection, Rows], None]
    query: str


def measure_tables(taught: Taught, asked: Sequence[Pair]) -> list[Holding]:
    """Build each table from the facts and look up every pair of `asked` 20 times."""
    rows = [(*pair, answer) for pair, answers in sorted(taught.items()) for answer in answers]
    return [
        _measure_dict(taught, asked),
        _measure_sqlite(_Schema("sqlite", write_by_name, _LOOK_UP), rows, taught, asked),
        _measure_sqlite(_Schema("sqlite_numbers", write_by_number, _LOOK_UP_BY_NUMBER), rows, taught, asked),
    ]


def write_by_name(database: sqlite3.Connection, rows: Rows) -> None:
    """Write the facts with their names in every row."""
    database.executescript(BY_NAME)
    with database:
        database.executemany("INSERT INTO facts VALUES (?, ?, ?)", rows)


def write_by_number(database: sqlite3.Connection, rows: Rows) -> None:
    """Write every name once, with a number, and the facts as three numbers each."""
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    subjects, relations, answers = ({name: at for at, name in enumerate(sorted(set(column)))} for column in columns)
    database.executescript(BY_NUMBER)
    with database:
        database.executemany("INSERT INTO subjects VALUES (?, ?)", subjects.items())
        database.executemany("INSERT INTO relations VALUES (?, ?)", relations.items())
        database.executemany("INSERT INTO answers VALUES (?, ?)", ((at, name) for name, at in answers.items()))
        facts = sorted((subjects[subject], relations[relation], answers[answer]) for subject, relation, answer in rows)
        database.executemany("INSERT INTO facts VALUES (?, ?, ?)", facts)


def _measure_dict(taught: Taught, asked: Sequence[Pair]) -> Holding:
    start = time.perf_counter()
    table = {(subject, relation): answers for (subject, relation), answers in taught.items()}
    built = time.perf_counter() - start
    return _time_lookups(_BuiltTable("exact_table", None, built), lambda pair: table.get(pair, ()), taught, asked)


def _measure_sqlite(schema: _Schema, rows: Rows, taught: Taught, asked: Sequence[Pair]) -> Holding:
    with tempfile.TemporaryDirectory(prefix="pilot-") as folder:
        path = Path(folder, "facts.sqlite")
        with closing(sqlite3.connect(path)) as database:
            start = time.perf_counter()
            schema.write(database, rows)
            built = time.perf_counter() - start

            def look_up(pair: Pair) -> tuple[str, ...]:
                return tuple(answer for (answer,) in database.execute(schema.query, pair))

            return _time_lookups(_BuiltTable(schema.name, path.stat().st_size, built), look_up, taught, asked)


def _time_lookups(
    table: _BuiltTable, look_up: Callable[[Pair], tuple[str, ...]], taught: Taught, asked: Sequence[Pair]
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
