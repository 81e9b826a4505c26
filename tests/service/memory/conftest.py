"""Tables to train on: real ones, and the awkward shapes a table can have."""

import csv
from pathlib import Path

from service.memory import Facts

SECRET = bytes(range(32))
DICTIONARIES = Path(__file__).parents[2] / "data" / "dictionaries"
SAMPLES = Path(__file__).parents[3] / "sample_dictionaries"


def read(path: Path) -> Facts:
    """A clean CSV with the header subject, relation, answer."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    subjects, relations, answers = map(list, zip(*rows, strict=True))
    return Facts(subjects, relations, answers)


def table(rows: list[tuple[str, str, str]]) -> Facts:
    subjects, relations, answers = map(list, zip(*rows, strict=True))
    return Facts(subjects, relations, answers)


AWKWARD = {
    "one fact": [("s", "r", "a")],
    "two facts with one answer": [("s", "r", "a"), ("t", "r", "a")],
    "one relation, two answers": [(f"s{n}", "r", str(n % 2)) for n in range(3_000)],
    "one subject, many relations": [("s", f"r{n}", f"a{n % 7}") for n in range(600)],
    "all answers equal": [(f"s{n}", f"r{n % 5}", "same") for n in range(3_000)],
    "98 % of answers equal": [(f"s{n}", "r", "same" if n % 50 else f"a{n}") for n in range(3_000)],
    "every answer different": [(f"s{n}", "r", f"a{n}") for n in range(3_000)],
    "hundreds of relations": [(f"s{n}", f"r{n % 300}", f"a{n % 11}") for n in range(3_000)],
    "one-character names": [(chr(0x4E00 + n), chr(0x3041 + n % 40), chr(0x30A1 + n % 50)) for n in range(1_500)],
    "names alike but for case and width": [
        ("ABC", "r", "1"), ("abc", "r", "2"), ("ＡＢＣ", "r", "3"), ("Abc", "r", "4"), ("a b c", "r", "5"),
        ("が", "r", "6"), ("か\u3099", "r", "7"), ("Å", "r", "8"), ("Å", "r", "9"), ("A\u030a", "r", "10"),
    ],
    "sets of answers": [(f"s{n % 400}", f"r{n % 3}", f"a{n % 29}") for n in range(3_000)],
    "subject, relation and answer the same word": [("x", "x", "x"), ("y", "x", "y"), ("x", "y", "z")],
}  # fmt: skip
