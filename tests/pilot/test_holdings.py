"""The tables that a memory is compared with."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pilot.checks.holdings import measure_tables

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
TAUGHT = st.dictionaries(
    st.tuples(NAMES, NAMES), st.sets(NAMES, min_size=1, max_size=3).map(lambda found: tuple(sorted(found))), max_size=12
)


@given(TAUGHT)
@settings(max_examples=30, deadline=None)
def test_every_table_answers_every_pair(taught: dict[tuple[str, str], tuple[str, ...]]) -> None:
    """A dict, SQLite with names in every row and SQLite with each name once give the same sets of answers."""
    holdings = measure_tables(taught, list(taught))
    assert [holding.name for holding in holdings] == ["exact_table", "sqlite", "sqlite_numbers"]
    assert all(holding.right == holding.asked == len(taught) for holding in holdings)


def test_names_that_come_often_are_cheaper_by_number() -> None:
    """Where each name occurs in many facts, a file that stores it once is less than half as large."""
    subjects = [f"a part with a long name, number {at}" for at in range(300)]
    relations = [f"relation {name}" for name in "abcdefghij"]
    taught = {(subject, relation): (f"answer of {relation}",) for subject in subjects for relation in relations}
    _, by_name, by_number = measure_tables(taught, list(taught)[:10])
    assert by_name.bytes is not None
    assert by_number.bytes is not None
    assert 2 * by_number.bytes < by_name.bytes
