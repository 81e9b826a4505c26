"""Measure what a table takes on disk, with everything that answering needs: the artefact by part, next to the same
facts as text, compressed, and in SQLite.

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
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from pilot.checks.holdings import Rows, write_by_name, write_by_number
from service.memory import Facts, Recipe, fit
from tests.benchmarks.dictionaries import read
from tests.benchmarks.engine import SECRET

TABLES = (Path(__file__).parents[2] / "sample_dictionaries" / "enterprise_ja.csv",)


def main(tables: Sequence[Path] = TABLES) -> None:
    for table in tables:
        rows = [(*pair, answer) for pair, answers in sorted(read(table).items()) for answer in sorted(answers)]
        print(f"{table.stem}: {len(rows):,} facts")
        with tempfile.TemporaryDirectory() as folder:
            for profile in ("compact", "fast"):
                _artefact(rows, profile, Path(folder, profile))
        _text(rows)
        _sqlite("by name", write_by_name, rows)
        _sqlite("by number", write_by_number, rows)


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


def _sqlite(name: str, write: Callable[[sqlite3.Connection, Rows], None], rows: Rows) -> None:
    """As the report writes it, without free pages."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder, "facts.sqlite"))) as database:
        write(database, rows)
        database.execute("VACUUM")
        _print(f"SQLite {name}", Path(folder, "facts.sqlite").stat().st_size, len(rows))


def _print(name: str, size: int, facts: int) -> None:
    print(f"  {name}: {size:,} bytes, {size / facts:.2f} a fact", flush=True)


if __name__ == "__main__":
    main(list(map(Path, sys.argv[1:])) or TABLES)
