"""What a table takes on the disk, all that answering takes counted: the artefact by part, beside the same facts as
text, compressed, and in SQLite.

    bank        weights, scales and block table: what `bytes` counts, here with the file's header
    everything  bank, answers, names and manifest: what has to be there for a question to be answered; the secret apart

The compressed files answer nothing until they are unpacked. SQLite by numbers has each name once and facts as three
numbers, subjects found by name.

    python -m tests.benchmarks.disk [TABLE.csv ...]
"""

import csv
import gzip
import lzma
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from service.memory import Facts, Recipe, fit
from tests.benchmarks.dictionaries import read
from tests.benchmarks.engine import SECRET

TABLES = (Path(__file__).parents[2] / "sample_dictionaries" / "enterprise_ja.csv",)
Rows = list[tuple[str, str, str]]
_BY_NAME = """
CREATE TABLE facts (
    subject TEXT NOT NULL, relation TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (subject, relation, answer)
) WITHOUT ROWID
"""
_BY_NUMBER = """
CREATE TABLE subjects (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE relations (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE answers (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE facts (
    subject INTEGER NOT NULL, relation INTEGER NOT NULL, answer INTEGER NOT NULL,
    PRIMARY KEY (subject, relation, answer)
) WITHOUT ROWID
"""


def main(tables: Sequence[Path] = TABLES) -> None:
    for table in tables:
        rows = [(*pair, answer) for pair, answers in sorted(read(table).items()) for answer in sorted(answers)]
        print(f"{table.stem}: {len(rows):,} facts")
        with tempfile.TemporaryDirectory() as folder:
            for profile in ("compact", "fast"):
                _artefact(rows, profile, Path(folder, profile))
            _text(rows)
            _sqlite("by name", _BY_NAME, {"facts": rows}, Path(folder, "names.sqlite"), len(rows))
            _sqlite("by number", _BY_NUMBER, _numbered(rows), Path(folder, "numbers.sqlite"), len(rows))


def _artefact(rows: Rows, profile: str, path: Path) -> None:
    """Every file of the folder that is saved; every fact is recalled from it before it counts."""
    facts = Facts(*(list(column) for column in zip(*rows, strict=True)))
    memory = fit(facts, Recipe(profile=profile), secret=SECRET)
    memory.save(path)
    sizes = {file.stem: file.stat().st_size for file in sorted(path.iterdir())}
    verified = memory.verify(facts)
    for name, size in (*sizes.items(), ("everything", sum(sizes.values()))):
        _print(f"{profile}, {name}", size, len(rows))
    print(
        f"  {profile}: {memory.bytes / len(rows):.2f} bytes a fact by `bytes`, {memory.bytes_total / len(rows):.2f} by "
        f"`bytes_total`; {memory.code_bits_total / memory.bytes:.3f} code bits a byte of the bank, "
        f"{memory.code_bits_total / sum(sizes.values()):.3f} a byte of everything; "
        f"{verified.right:,} of {verified.asked:,} pairs right"
    )


def _text(rows: Rows) -> None:
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("subject", "relation", "answer"), *rows])
        file.seek(0)
        text = file.read().encode()
    _print("CSV", len(text), len(rows))
    _print("CSV, gzip -9", len(gzip.compress(text, 9)), len(rows))
    _print("CSV, xz", len(lzma.compress(text)), len(rows))
    _print("CSV, zstd -19", pa.Codec("zstd", compression_level=19).compress(text).size, len(rows))


def _sqlite(name: str, schema: str, tables: dict[str, list[tuple[object, ...]]], path: Path, facts: int) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(schema)
        with database:
            for table, rows in tables.items():
                places = ", ".join("?" * len(rows[0]))
                database.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        database.execute("VACUUM")
    _print(f"SQLite {name}", path.stat().st_size, facts)


def _numbered(rows: Rows) -> dict[str, list[tuple[object, ...]]]:
    numbers = [{name: at for at, name in enumerate(sorted(set(column)))} for column in zip(*rows, strict=True)]
    subjects, relations, answers = numbers
    return {
        "subjects": list(subjects.items()),
        "relations": [(number, name) for name, number in relations.items()],
        "answers": [(number, name) for name, number in answers.items()],
        "facts": sorted((subjects[s], relations[r], answers[a]) for s, r, a in rows),
    }


def _print(name: str, size: int, facts: int) -> None:
    print(f"  {name}: {size:,} bytes, {size / facts:.2f} a fact", flush=True)


if __name__ == "__main__":
    main(list(map(Path, sys.argv[1:])) or TABLES)
