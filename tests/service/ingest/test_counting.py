"""Every row of an upload is in exactly one of four counts."""

from collections import Counter, defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.problems import Code
from schemas.uploads import OnConflict
from service.errors import UnusableFile
from service.ingest import ParsedFile
from tests.examples import examples

HEADER = "subject,relation,answer\n"
ROWS = "a,r,1\na,r,2\na,r,1\nb,r,3\n"
Read = Callable[..., ParsedFile]
AsFacts = Callable[[ParsedFile], list[tuple[str, str, str]]]
Triple = tuple[str, str, str]


@pytest.mark.parametrize(
    ("on_conflict", "accepted", "conflicting"),
    [
        (OnConflict.REFUSE, [("b", "r", "3")], [2, 3]),
        (OnConflict.FIRST, [("a", "r", "1"), ("b", "r", "3")], [3]),
        (OnConflict.LAST, [("a", "r", "2"), ("b", "r", "3")], [2]),
        (OnConflict.MANY, [("a", "r", "1"), ("a", "r", "2"), ("b", "r", "3")], []),
    ],
)
def test_the_caller_decides_conflicts(
    on_conflict: OnConflict, accepted: list[Triple], conflicting: list[int], read: Read, facts: AsFacts
) -> None:
    """One of several duplicates is kept first; then on_conflict applies to pairs that still have several answers."""
    parsed = read(HEADER + ROWS, on_conflict=on_conflict)
    assert facts(parsed) == accepted
    assert [row.line for row in parsed.refused if row.code == "conflict"] == conflicting
    assert [(row.line, row.detail) for row in parsed.refused if row.code == "duplicate"] == [
        (4, "The row repeats the fact in line 2.")
    ]
    assert parsed.mentioned == ({("a", "r")} if conflicting else set())


def test_names_are_one_after_trimming(read: Read, facts: AsFacts) -> None:
    """Names that differ only in white space at their ends, U+3000 and U+FEFF included, are one; answers are not."""
    parsed = read(HEADER + "a,r,1\n\u3000a , r\ufeff,1\na,r, 1\n", on_conflict=OnConflict.MANY)
    assert facts(parsed) == [("a", "r", "1"), ("a", "r", " 1")]
    assert parsed.duplicate == 1


@pytest.mark.parametrize("row", [",r,1", "a,,1", "a,r,", " ,r,1", "a,\u3000,1", "a,r,\ufeff ", ",r,"])
def test_a_row_without_all_three_is_refused(row: str, read: Read) -> None:
    """A row with an empty or blank cell is refused as field_missing."""
    parsed = read(HEADER + f"x,r,1\n{row}\n")
    assert [(refused.line, refused.code) for refused in parsed.refused] == [(3, "field_missing")]


def test_nothing_usable_is_a_problem(read: Read) -> None:
    """Where every row is refused, the problem counts the reasons and quotes the first ones."""
    with pytest.raises(UnusableFile, match="Lines 2, 3") as refused:
        read(HEADER + "a,r,1\na,r,2\nb,r\n")
    assert refused.value.code == "no_usable_row"
    assert refused.value.extra["refused"] == {"conflict": 2, "row_ragged": 1}


CELL = st.sampled_from(["a", "b", "c", " a", "", " ", "あ", "\u3000"])
ROW = st.lists(CELL, min_size=2, max_size=4)


@examples(100)
@given(rows=st.lists(ROW, max_size=30), on_conflict=st.sampled_from(OnConflict))
def test_counts_always_add_up(rows: list[list[str]], on_conflict: OnConflict, read: Read, facts: AsFacts) -> None:
    """Accepted + duplicate + conflicting + rejected = rows read, and the facts are those that a simple loop finds."""
    text = HEADER + "k,k,k\n" + "".join(",".join(row) + "\n" for row in rows) + "z,z,z\n"
    parsed = read(text, on_conflict=on_conflict)
    codes = Counter(row.code for row in parsed.refused)
    assert parsed.rows_read == len(rows) + 2
    assert len(parsed.accepted) + parsed.duplicate + parsed.conflicting + parsed.rejected == parsed.rows_read
    assert (codes[Code.DUPLICATE], codes[Code.CONFLICT]) == (parsed.duplicate, parsed.conflicting)
    assert set(facts(parsed)) == count_by_hand([["k"] * 3, *rows, ["z"] * 3], on_conflict)
    lines = [*parsed.accepted.lines] + [row.line for row in parsed.refused]
    assert sorted(lines) == list(range(2, len(rows) + 4))


def count_by_hand(rows: list[list[str]], on_conflict: OnConflict) -> set[Triple]:
    """The facts that the contract accepts, computed row by row."""
    answers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if (
            len(row) == 3
            and all(cell.strip() for cell in row)
            and row[2] not in answers[row[0].strip(), row[1].strip()]
        ):
            answers[row[0].strip(), row[1].strip()].append(row[2])
    return {(*pair, answer) for pair, several in answers.items() for answer in keep(several, on_conflict)}


def keep(answers: list[str], on_conflict: OnConflict) -> list[str]:
    match on_conflict:
        case OnConflict.FIRST:
            return answers[:1]
        case OnConflict.LAST:
            return answers[-1:]
        case OnConflict.REFUSE:
            return answers if len(answers) == 1 else []
        case OnConflict.MANY:
            return answers
