import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot.checks.probes import Probes, fold

NAMES = st.text(alphabet="aAbZ09-ー〜Æé部品 ", min_size=1, max_size=6).map(str.strip).filter(bool)
PAIRS = st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=20, unique=True)


@given(PAIRS, st.integers(1, 30), st.integers(0, 9))
def test_probes_were_never_taught(pairs: list[tuple[str, str]], wanted: int, seed: int) -> None:
    """No probe is a taught pair in any spelling, none is repeated, and there are never more than wanted."""
    taught = {(fold(subject), fold(relation)) for subject, relation in pairs}
    for draw in Probes(pairs, set(pairs), seed).kinds().values():
        probes = draw(wanted)
        assert len(probes) == len(set(probes)) <= wanted
        assert not {(fold(subject), fold(relation)) for subject, relation in probes} & taught


@given(PAIRS, st.integers(0, 9))
def test_probes_are_a_function_of_the_seed(pairs: list[tuple[str, str]], seed: int) -> None:
    """The same table, seed and number give the same probes."""
    one, two = (Probes(pairs, set(pairs), seed).kinds() for _ in range(2))
    assert [draw(10) for draw in one.values()] == [draw(10) for draw in two.values()]


def test_every_absent_cell_is_found() -> None:
    """A table with 3 absent cells yields all 3, even among many taught ones."""
    pairs = [(f"s{n}", relation) for n in range(50) for relation in "ab"]
    absent = {("s1", "a"), ("s7", "b"), ("s9", "a")}
    left = [pair for pair in pairs if pair not in absent]
    assert set(Probes(left, set(left), 0).absent_cells(1000)) == absent


def test_near_misses_differ_in_one_character() -> None:
    """A near miss has a taught subject's length, all but one of its characters, and a relation that it has."""
    pairs = [(f"PART-{n:04d}", "色") for n in range(40)]
    for subject, relation in Probes(pairs, set(pairs), 0).near_misses(100):
        changes = (sum(a != b for a, b in zip(subject, taught, strict=True)) for taught, _ in pairs)
        assert min(changes) == 1
        assert relation == "色"


def test_unseen_subjects_never_run_out() -> None:
    """Even when every one-letter name is taught, the wanted number of unseen subjects is made up."""
    pairs = [(chr(code), "r") for code in range(0x21, 0x7F)]
    assert len(Probes(pairs, set(pairs), 0).unseen_subjects(500)) == 500


@pytest.mark.parametrize(("one", "other"), [("ＡＢ－１", "ab-1"), ("か\u3099", "が"), ("a〜b", "a～b"), ("x y", "xy")])
def test_spellings_fold_together(one: str, other: str) -> None:
    """Names that differ only in width, case, dashes, tildes, normal form or white space fold to the same text."""
    assert fold(one) == fold(other)
