"""Files with one defect each; a manifest says what a good reader does with them."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.uploads import FindingKind, OnConflict
from service.errors import RequestError
from service.ingest import Limits, Options, ParsedFile, read_table

DIRTY = Path(__file__).parents[2] / "data" / "dirty"
Facts = list[tuple[str, str, str]]

with (DIRTY / "manifest.csv").open(encoding="utf-8", newline="") as _manifest:
    MANIFEST = {row["file"]: row for row in csv.DictReader(_manifest)}
EXACT = [name for name, row in MANIFEST.items() if row["expected_csv"] and row["outcome"] != "ASK"]

REFUSED_AS_A_WHOLE = {
    "e17_gzip_named.csv": (415, "unsupported_media_type"),
    "e20_json_named.csv": (415, "unsupported_media_type"),
    "d10_single_quotes.csv": (422, "quoting_unclear"),
    "h03_no_header.csv": (422, "header_unclear"),
    "h07_header_only.csv": (422, "no_usable_row"),
    "h08_zero_byte.csv": (422, "empty_file"),
    "h12_missing_column.csv": (422, "column_missing"),
    "r13_unclosed_quote.csv": (422, "unclosed_quote"),
}
WARNED = {
    "e14_replacement_char.csv": FindingKind.REPLACEMENT_CHARACTER,
    "r03_duplicates.csv": FindingKind.DUPLICATE_ROWS,
    "r05_conflicts.csv": FindingKind.RELATION_MULTI_VALUED,
    "r09_extra_columns.csv": FindingKind.EXTRA_COLUMNS,
    "r25_width_variants.csv": FindingKind.NAMES_FOLD_TOGETHER,
    "r35_inner_spaces.csv": FindingKind.NAMES_FOLD_TOGETHER,
}


def read_dirty(name: str, on_conflict: OnConflict = OnConflict.MANY) -> ParsedFile:
    return read_table(DIRTY / name, "text/csv", Options(on_conflict=on_conflict), Limits())


def expected(name: str) -> Facts:
    with (DIRTY / MANIFEST[name]["expected_csv"]).open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1], row[2]) for row in list(csv.reader(file))[1:]]


def test_the_manifest_names_every_file() -> None:
    """The manifest lists exactly the dirty files that exist."""
    assert set(MANIFEST) == {path.name for path in DIRTY.glob("*.csv")} - {"manifest.csv"}


@pytest.mark.parametrize("name", EXACT)
def test_facts_are_exactly_those_expected(name: str, facts: Callable[[ParsedFile], Facts]) -> None:
    """Exactly the expected facts are read, in order and letter by letter."""
    parsed = read_dirty(name)
    assert facts(parsed) == expected(name)
    assert parsed.rejected + parsed.duplicate == int(MANIFEST[name]["expected_rejects"])
    assert len(parsed.refused) == parsed.rejected + parsed.duplicate
    assert parsed.rows_read == len(parsed.accepted) + len(parsed.refused)


@pytest.mark.parametrize(("name", "problem"), REFUSED_AS_A_WHOLE.items())
def test_files_in_doubt_are_refused_as_a_whole(name: str, problem: tuple[int, str]) -> None:
    """Where the whole file is unclear it is refused with a code."""
    with pytest.raises(RequestError) as refused:
        read_dirty(name)
    assert (refused.value.status, refused.value.code) == problem


def test_every_file_has_its_outcome() -> None:
    """Every file of the manifest is read by one of the tests here."""
    in_range = {"d08_backslash_quotes.csv", "r15_1mb_answer.csv", "d03_pipe.csv", "e08_euc_jp.csv"}
    assert set(MANIFEST) == set(EXACT) | set(REFUSED_AS_A_WHOLE) | set(WARNED) | in_range


@pytest.mark.parametrize(("name", "kind"), WARNED.items())
def test_what_deserves_a_look_is_a_finding(name: str, kind: FindingKind) -> None:
    """A file that deserves a warning gets a finding of the right kind, with lines."""
    findings = {finding.kind: finding for finding in read_dirty(name).findings}
    assert kind in findings
    assert findings[kind].examples or kind is FindingKind.EXTRA_COLUMNS


@pytest.mark.parametrize("name", ["d03_pipe.csv", "e08_euc_jp.csv"])
def test_what_might_be_asked_is_read_exactly(name: str, facts: Callable[[ParsedFile], Facts]) -> None:
    """Files with pipes and clear EUC-JP are read without asking the caller."""
    assert facts(read_dirty(name)) == expected(name)


def test_backslash_quotes_refuse_their_rows() -> None:
    """Rows that escape quotes with a backslash are refused; no part of a cell is stored."""
    parsed = read_dirty("d08_backslash_quotes.csv")
    assert [(row.line, row.code) for row in parsed.refused] == [(62, "row_malformed"), (63, "row_malformed")]
    assert "backslash" in parsed.refused[0].detail
    assert len(parsed.accepted) == 60


def test_an_answer_beyond_the_limit_refuses_its_row_alone() -> None:
    """The row of a 349,526-character answer is refused with its whole text; the other 120 are accepted."""
    parsed = read_dirty("r15_1mb_answer.csv")
    (refused,) = parsed.refused
    assert (refused.line, refused.code, len(parsed.accepted)) == (62, "field_too_long", 120)
    assert len(refused.text) > 349_526


def test_undecodable_rows_are_listed_with_their_bytes() -> None:
    """Lines 11, 201 and 334 are refused, with their bad bytes as escapes."""
    parsed = read_dirty("e11_invalid_utf8.csv")
    assert [row.line for row in parsed.refused] == [11, 201, 334]
    assert parsed.refused[0].text.endswith(r"United Arab Emirates\xe3\xff")


def test_the_line_of_an_unclosed_quote_is_named() -> None:
    """The error names line 82, which opened the quote, though the reader fails only 170 lines later."""
    with pytest.raises(RequestError) as refused:
        read_dirty("r13_unclosed_quote.csv")
    assert refused.value.extra["line"] == 82


def test_conflicts_name_both_lines() -> None:
    """40 pairs with two answers refuse 80 rows, and each names the two lines that disagree."""
    parsed = read_dirty("r05_conflicts.csv", OnConflict.REFUSE)
    assert (parsed.conflicting, len(parsed.accepted)) == (80, 500)
    assert all(row.detail.count(",") >= 1 and str(row.line) in row.detail for row in parsed.refused)


def test_a_clean_file_has_nothing_to_report() -> None:
    """A clean file has no findings, refused rows or blank lines."""
    parsed = read_dirty("c00_clean.csv")
    assert (parsed.findings, parsed.refused, parsed.blank_lines) == ([], [], 0)


def test_blank_lines_are_counted() -> None:
    """Empty lines, a line of spaces and trailing lines of delimiters count as blank, not as rows."""
    parsed = read_dirty("r11_blank_lines.csv")
    assert (parsed.rows_read, parsed.blank_lines) == (100, 7)
