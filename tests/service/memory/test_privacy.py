"""What lies on the disk of a trained memory, searched for every name and answer of a real dictionary."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from service.memory import Changes, Editor, Facts, Recipe, fit

SAMPLE = Path(__file__).parents[3] / "sample_dictionaries" / "enterprise_ja.csv"
SHORTEST = 6  # bytes; of a million random bytes one in 10^8 begins with these six by chance


def spellings(text: str) -> set[bytes]:
    """Raw, in the encodings of Japanese files, and as JSON escapes it; too short ones would be found by chance."""
    wide = {text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("cp932", "replace")}
    escaped = {text.encode("ascii", "backslashreplace"), text.encode("unicode_escape")}
    return {each for each in {text.encode()} | wide | escaped if len(each) >= SHORTEST}


def found_in(content: bytes, wanted: Iterable[str]) -> list[str]:
    """The texts that stand in the content; sixty thousand are looked for at once, by their first bytes."""
    raw = np.frombuffer(content + bytes(8), dtype=np.uint8).astype(np.uint64)
    starts = sum((raw[at : len(content) + at] << np.uint64(8 * at) for at in range(SHORTEST)), np.uint64(0))
    texts = [(text, each) for text in wanted for each in spellings(text)]
    heads = np.array([int.from_bytes(each[:SHORTEST], "little") for _, each in texts], dtype=np.uint64)
    near = np.flatnonzero(np.isin(heads, starts)).tolist()
    return [texts[at][0] for at in near if texts[at][1] in content]


@pytest.fixture(scope="module")
def facts() -> Facts:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return Facts(*(list(column) for column in zip(*rows, strict=True)))


@pytest.fixture(scope="module")
def texts(facts: Facts) -> set[str]:
    return {*facts.subjects, *facts.relations, *facts.answers}


def test_the_search_finds_what_is_there(facts: Facts) -> None:
    """In any of the spellings, wherever it begins."""
    name = facts.subjects[0]
    for spelling in spellings(name):
        assert found_in(b"\0\1\2" + spelling + b"\3", [name, "never there"]) == [name]


def test_no_name_and_no_answer_stands_in_the_artefact(facts: Facts, texts: set[str], tmp_path: Path) -> None:
    """58,845 facts: neither in the folder nor in the patch of an edit, in any encoding."""
    memory = fit(facts, Recipe(), secret=bytes(range(32)))
    memory.save(tmp_path / "memory")
    added = Facts(["PART-9999-ADDED"], [facts.relations[0]], ["the answer that was added"])
    staged = Editor.of(memory, facts).stage(Changes(upsert=added, delete=[(facts.subjects[1], facts.relations[1])]))
    files = {path.name: path.read_bytes() for path in (tmp_path / "memory").rglob("*") if path.is_file()}
    assert len(files) > 1
    for name, content in {**files, "patch": staged.patch}.items():
        assert found_in(content, texts | {*added.subjects, *added.answers}) == [], name
