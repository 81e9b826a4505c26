"""Findings: what is worth a look, with exact counts and lines, and silence where there is nothing."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.uploads import Finding, FindingKind, OnConflict
from service.facts import fold, fold_all
from service.ingest import ParsedFile
from service.ingest.findings.findings import classify_answers

HEADER = "subject,relation,answer\n"
Read = Callable[..., ParsedFile]


def found(parsed: ParsedFile, kind: FindingKind) -> list[Finding]:
    return [finding for finding in parsed.findings if finding.kind is kind]


def test_names_that_fold_together_are_shown_with_their_spellings(read: Read) -> None:
    """Names that differ in width, case, dashes or inner spaces are reported and kept apart."""
    parsed = read(HEADER + "ＡＢＣ－１,r,1\nABC-1,r,2\nabc‐1,r,3\nx  y,r,4\nx y,R,5\nother,r,6\n")
    subjects, relations = found(parsed, FindingKind.NAMES_FOLD_TOGETHER)
    assert (subjects.count, relations.count) == (2, 1)
    assert "'ＡＢＣ－１' / 'ABC-1'" in subjects.message
    assert [example.line for example in subjects.examples] == [2, 3, 4, 5, 6]
    assert len(parsed.accepted) == 6


@given(names=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=20))
def test_names_fold_as_the_memory_folds_them(names: list[str]) -> None:
    """The finding groups the same names as the memory's second look-up."""
    assert fold_all(names) == [fold(name) for name in names]


def test_relations_with_several_answers_suggest_many(read: Read) -> None:
    """Pairs with several answers are counted alike under on_conflict=refuse and many."""
    text = HEADER + "a,tag,1\na,tag,2\nb,tag,1\nb,tag,3\nc,tag,1\nc,name,1\n"
    for on_conflict in (OnConflict.REFUSE, OnConflict.MANY):
        (finding,) = found(read(text, on_conflict=on_conflict), FindingKind.RELATION_MULTI_VALUED)
        assert (finding.relation, finding.count) == ("tag", 2)
        assert "2 of 3 subjects" in finding.message


def test_an_answer_out_of_format_is_listed(read: Read) -> None:
    """One date among numbers and one number among codes are reported; integers and decimals are both numbers."""
    rows = [f"p{n},price,{n}{'.5' * (n % 2)}\n" for n in range(40)] + [f"p{n},code,AB-{n:03}\n" for n in range(40)]
    parsed = read(HEADER + "".join(rows) + "q,price,2024-01-05\nq,code,unknown\n")
    price, code = sorted(found(parsed, FindingKind.ANSWER_OUT_OF_FORMAT), key=lambda f: f.relation == "code")
    assert [(e.line, e.answer) for e in price.examples] == [(82, "2024-01-05")]
    assert [(e.line, e.answer) for e in code.examples] == [(83, "unknown")]
    assert (price.count, code.count) == (1, 1)


def test_formats_have_names() -> None:
    """Each kind of answer has the expected format."""
    answers = [
        "12",
        "-1,234.5",
        "12%",
        "2024-01-05",
        "2024年1月5日",
        "9:30",
        "2024-01-05T09:30",
        "AB-12",
        "word",
        "赤 1",
    ]
    assert classify_answers(answers) == [
        "number",
        "number",
        "number",
        "date",
        "date",
        "time",
        "moment",
        "A-9",
        "text",
        "text",
    ]


def test_references_and_dangling_references_are_listed(read: Read) -> None:
    """Where nine of ten answers are subjects, the tenth is reported."""
    rows = "".join(f"p{n},parent,p{(n + 1) % 9}\n" for n in range(9))
    parsed = read(HEADER + rows + "q,parent,p99\n")
    (references,) = found(parsed, FindingKind.ANSWERS_ARE_SUBJECTS)
    (dangling,) = found(parsed, FindingKind.REFERENCE_DANGLING)
    assert (references.relation, references.count) == ("parent", 9)
    assert [(e.line, e.answer) for e in dangling.examples] == [(11, "p99")]


def test_lost_characters_trimmed_spaces_and_markup_are_listed(read: Read) -> None:
    """Each is reported with its lines, and the cells are not changed."""
    parsed = read(HEADER + " a ,r,1\nb,r,na\ufffd\n<b>c</b>,r,1\nd,r,=SUM(A1)\ne,r,a < b > c\n")
    for kind, lines in (
        (FindingKind.SPACES_TRIMMED, [2]),
        (FindingKind.REPLACEMENT_CHARACTER, [3]),
        (FindingKind.MARKUP_IN_CELLS, [4, 5]),
    ):
        (finding,) = found(parsed, kind)
        assert [example.line for example in finding.examples] == lines
        assert finding.count == len(lines)


def test_garbled_text_is_listed(read: Read) -> None:
    """UTF-8 that was read as cp932 or Latin-1 before the upload is reported."""
    garbled = "あいう".encode().decode("cp932", "replace").replace("\ufffd", "")
    parsed = read(HEADER + f"a,r,{garbled}\nb,r,{'é'.encode().decode('latin-1')}\nc,r,café 繧\n")
    (finding,) = found(parsed, FindingKind.MOJIBAKE)
    assert [example.line for example in finding.examples] == [2, 3]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_japanese_that_went_through_a_western_encoding_is_listed(encoding: str, read: Read) -> None:
    """Kanji read as three characters each are reported; French quotes after an é are not."""
    garbled = "自動車".encode().decode(encoding)
    parsed = read(HEADER + f"{garbled},r,1\nb,r,«café»…\nc,r,“né”\n")
    (finding,) = found(parsed, FindingKind.MOJIBAKE)
    assert (finding.count, finding.examples[0].line) == (1, 2)


def test_rows_swallowed_by_a_late_quote_are_pointed_at(read: Read) -> None:
    """An answer that contains whole rows is reported; one with ordinary line breaks is not."""
    parsed = read(HEADER + 'a,r,"open\nb,r,2\nc,r,3\nd,r,late"\ne,r,"two\nlines"\n')
    (finding,) = found(parsed, FindingKind.ROWS_INSIDE_A_CELL)
    assert (finding.count, finding.examples[0].line) == (1, 2)


def test_examples_are_few_and_counts_exact(read: Read) -> None:
    """A finding about a hundred rows counts all of them and shows five."""
    parsed = read(HEADER + "k,r,1\n" + "a,r,1\n" * 101)
    (finding,) = found(parsed, FindingKind.DUPLICATE_ROWS)
    assert (finding.count, len(finding.examples)) == (100, 5)


def test_a_plain_table_has_no_findings(read: Read) -> None:
    """A clean table has no findings."""
    assert read(HEADER + "".join(f"p{n},colour,{'red' if n % 3 else 'blue'}\n" for n in range(50))).findings == []
