"""The table of a million facts: 100,000 subjects x 10 relations with 6 to 20,000 distinct answers each."""

import csv
import random
from pathlib import Path

ANSWERS = (6, 12, 30, 100, 365, 1_000, 2_500, 6_000, 12_000, 20_000)


def make_rows(subjects: int = 100_000, seed: int = 7) -> list[tuple[str, str, str]]:
    """Facts in the order of their subjects; the same for the same arguments."""
    draw = random.Random(seed)
    return [
        (f"PART-{number:07d}", f"attribute {at}", f"value {at}-{draw.randrange(count)}")
        for number in range(subjects)
        for at, count in enumerate(ANSWERS)
    ]


def write(path: Path, subjects: int = 100_000) -> list[tuple[str, str, str]]:
    """Write the table as a CSV (about 31 MB for 100,000 subjects) and return its rows."""
    table = make_rows(subjects)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("subject", "relation", "answer"))
        writer.writerows(table)
    return table
