"""JSON lines: one object a line, numbers as written, lists as several rows, nothing dropped silently."""

import json
from collections.abc import Callable

import pytest

from schemas.uploads import OnConflict
from service.errors import UnusableFile
from service.ingest import ParsedFile

NDJSON = "application/x-ndjson"
GOOD = '{"subject":"a","relation":"r","answer":"1"}\n'
Read = Callable[..., ParsedFile]
AsFacts = Callable[[ParsedFile], list[tuple[str, str, str]]]


def test_numbers_keep_their_text(read: Read, facts: AsFacts) -> None:
    """Numbers keep their text: 1.50 stays 1.50, and forty digits stay forty digits."""
    parsed = read(
        f'{{"subject":7,"relation":"r","answer":1.50}}\n{{"subject":8,"relation":"r","answer":{"9" * 40}}}', NDJSON
    )
    assert facts(parsed) == [("7", "r", "1.50"), ("8", "r", "9" * 40)]


def test_a_list_is_several_rows(read: Read, facts: AsFacts) -> None:
    """Each entry of a list is a row on the line of the list."""
    parsed = read('\n{"subject":"a","relation":"r","answer":["x","y","x"]}\n', NDJSON, on_conflict=OnConflict.MANY)
    assert facts(parsed) == [("a", "r", "x"), ("a", "r", "y")]
    assert (parsed.rows_read, parsed.duplicate, parsed.blank_lines, list(parsed.accepted.lines)) == (3, 1, 1, [2, 2])


def test_keys_may_be_japanese_and_in_any_order(read: Read, facts: AsFacts) -> None:
    """Keys are matched like headers; further keys are ignored and listed."""
    parsed = read(json.dumps({"答え": "1", "備考": "x", "主語": "a", "関係": "r"}, ensure_ascii=False), NDJSON)
    assert facts(parsed) == [("a", "r", "1")]
    assert parsed.ignored_columns == ["備考"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"subject":"b","relation":"r","answer":true}', "row_not_text"),
        ('{"subject":"b","relation":"r","answer":{"x":1}}', "row_not_text"),
        ('{"subject":"b","relation":"r","answer":["x",null]}', "row_not_text"),
        ('{"subject":["b"],"relation":"r","answer":"x"}', "row_not_text"),
        ('{"subject":"b","relation":"r"}', "field_missing"),
        ('{"subject":"b","relation":"r","answer":null}', "field_missing"),
        ('{"subject":"b","relation":"r","answer":[]}', "field_missing"),
        ('{"subject":"b","relation":"r","answer":NaN}', "row_malformed"),
        ('{"subject":"b","subject":"c","relation":"r","answer":"x"}', "row_malformed"),
        ('{"subject":"b","relation":"r","answer":"x"', "row_malformed"),
        ('["b","r","x"]', "row_malformed"),
        ("b,r,x", "row_malformed"),
        ('{"a":' * 100_000, "row_malformed"),
        ('{"subject":"b","relation":"r","answer":"\\u0000"}', "row_nul"),
        ('{"subject":"b","relation":"r","answer":"\\ud800"}', "row_undecodable"),
    ],
)
def test_a_bad_line_is_refused_by_itself(line: str, code: str, read: Read, facts: AsFacts) -> None:
    """A line that is no fact is refused alone, with its text as written."""
    parsed = read(GOOD + line + "\n", NDJSON)
    assert facts(parsed) == [("a", "r", "1")]
    assert [(row.line, row.code, row.text) for row in parsed.refused] == [(2, code, line)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[{"subject":"a","relation":"r","answer":"1"}]', "not_a_table"),
        ("subject,relation,answer\n", "not_a_table"),
        ('{"s":"a","r":"r","a":"1"}', "header_unclear"),
        ('{"subject":"a","relation":"r"}', "column_missing"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(text: str, code: str, read: Read) -> None:
    """Arrays, other formats and unknown keys refuse the file with a code."""
    with pytest.raises(UnusableFile) as refused:
        read(text, NDJSON)
    assert refused.value.code == code
