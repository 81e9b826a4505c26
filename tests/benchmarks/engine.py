"""Training a million facts in process, beside sqlite3 loading and indexing the same CSV.

Bars: `fast` at most 4 times sqlite3 and 45 bytes a fact; `compact` at most 20 times and 16 bytes; time linear from
100,000 to 1,000,000 facts within 20 %; peak resident memory under 3 GB.
"""

import csv
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from service.memory import Facts, Memory, Recipe, fit
from tests.benchmarks import million

T = TypeVar("T")
SECRET = bytes(range(32))


def main(repeats: int = 3) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.csv"
        table = million.write(path)
        sqlite = median(lambda: load_sqlite(path), repeats)
        print(f"sqlite3 load and index: {sqlite:.2f} s")
        small = to_facts(table[:100_000])
        facts = to_facts(table)
        for profile, bar, most in (("fast", 4, 45), ("compact", 20, 16)):
            tenth = median(lambda: train(small, profile), repeats)  # noqa: B023 - called at once
            taken = [time_call(lambda: train(facts, profile)) for _ in range(repeats)]  # noqa: B023
            whole = statistics.median(seconds for seconds, _ in taken)
            memory = taken[0][1]
            print(
                f"{profile}: {whole:.2f} s, {whole / sqlite:.2f} x sqlite3 (bar {bar}), "
                f"{memory.bytes / memory.facts:.2f} bytes of the bank a fact (bar {most}), "
                f"{memory.bytes_total / memory.facts:.2f} in all, "
                f"{memory.stored_parameters / memory.facts:.2f} weights a fact; "
                f"100,000 facts {tenth:.2f} s, a million {whole / tenth:.2f} times that"
            )
            recall(memory, table)
    print(f"peak resident memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def train(facts: Facts, profile: str) -> Memory:
    return fit(facts, Recipe(profile=profile), secret=SECRET)


def recall(memory: Memory, table: list[tuple[str, str, str]]) -> None:
    """Recall in process, 10,000 pairs drawn over the whole table."""
    sample = table[:: len(table) // 10_000][:10_000]
    facts = to_facts(sample)
    taken = median(lambda: memory.recall(facts.subjects, facts.relations), 9)
    right = sum(
        held == (row[2],)
        for held, row in zip(memory.recall(facts.subjects, facts.relations).answers, sample, strict=True)
    )
    print(f"  recall in process, batches of 10,000: {len(sample) / taken:,.0f} facts/s, {right} of {len(sample)} right")


def to_facts(table: list[tuple[str, str, str]]) -> Facts:
    subjects, relations, answers = map(list, zip(*table, strict=True))
    return Facts(subjects, relations, answers)


def load_sqlite(path: Path) -> None:
    """What the standard library needs to load the CSV into a table with an index on the pair."""
    base = sqlite3.connect(":memory:")
    base.execute("create table facts (subject text, relation text, answer text)")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        base.executemany("insert into facts values (?, ?, ?)", reader)
    base.execute("create index pair on facts (subject, relation)")
    base.commit()
    base.close()


def median(work: Callable[[], object], repeats: int) -> float:
    """Median wall seconds of `repeats` runs."""
    return statistics.median(time_call(work)[0] for _ in range(repeats))


def time_call(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
