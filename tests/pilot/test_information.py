import math
from pathlib import Path

import pytest

from pilot.information import measure_information
from pilot.reading import ReadingOptions, read_facts
from schemas.uploads import OnConflict

SAMPLES = Path(__file__).parents[2] / "sample_dictionaries"


def test_the_enterprise_dictionary_says_what_its_source_says() -> None:
    """58,845 facts of 4,000 subjects, 28 relations and 11,495 answers hold 339,951 bits, 322,335 of entropy."""
    found = measure_information(read_facts(SAMPLES / "enterprise_ja.csv", ReadingOptions(on_conflict=OnConflict.MANY)))
    assert (found.facts, found.subjects, found.relations, found.answers) == (58_845, 4_000, 28, 11_495)
    assert (round(found.bits), round(found.entropy)) == (339_951, 322_335)


def test_one_fact_and_equal_answers_say_nothing(tmp_path: Path) -> None:
    """One fact has 0 bits, and so does a relation with one answer, without a division by zero."""
    file = tmp_path / "f.csv"
    file.write_text("subject,relation,answer\na,r,x\nb,r,x\n", encoding="utf-8")
    found = measure_information(read_facts(file, ReadingOptions()))
    assert (found.bits, found.entropy) == (0, 0)


def test_entropy_is_below_bits_when_answers_are_uneven(tmp_path: Path) -> None:
    """Three of four facts with one answer: 4 bits, but 3 log2(4/3) + 2 of entropy."""
    file = tmp_path / "f.csv"
    file.write_text("subject,relation,answer\na,r,x\nb,r,x\nc,r,x\nd,r,y\n", encoding="utf-8")
    found = measure_information(read_facts(file, ReadingOptions()))
    assert found.bits == 4
    assert found.entropy == pytest.approx(3 * math.log2(4 / 3) + 2)
