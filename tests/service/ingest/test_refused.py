"""refused.csv lists every refused row with line, code, reason and text."""

import csv
import io
from collections.abc import Callable

import pytest

from schemas.problems import Code
from service.ingest import ParsedFile, RefusedRow, write_refused
from service.ingest.table import neutralise_formula

Read = Callable[..., ParsedFile]


def written(rows: list[RefusedRow], *, raw: bool = False) -> list[list[str]]:
    out = io.StringIO(newline="")
    write_refused(rows, out, raw=raw)
    return list(csv.reader(io.StringIO(out.getvalue(), newline="")))


def test_rows_are_repeated_in_file_order(read: Read) -> None:
    """Rejected, duplicate and conflicting rows are in one list, each with its text."""
    parsed = read("subject,relation,answer\na,r,1\na,r,1\nb,r\nc,r,1\nc,r,2\n")
    assert [(row[0], row[1], row[3]) for row in written(parsed.refused)] == [
        ("line", "code", "text"),
        ("3", "duplicate", "a,r,1"),
        ("4", "row_ragged", "b,r"),
        ("5", "conflict", "c,r,1"),
        ("6", "conflict", "c,r,2"),
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_formulas_do_not_run_in_a_spreadsheet(start: str) -> None:
    """A leading ' keeps formulas from running; raw=True keeps the exact text."""
    row = RefusedRow(2, Code.ROW_RAGGED, "why", f"{start}cmd|' /C calc'!A0,r")
    assert written([row])[1][3] == f"'{row.text}"
    assert written([row], raw=True)[1][3] == row.text


def test_long_texts_fit_a_spreadsheet_cell() -> None:
    """A text longer than a spreadsheet cell is cut and its length added; raw=True keeps all of it."""
    row = RefusedRow(2, Code.FIELD_TOO_LONG, "why", "x" * 200_000)
    assert len(written([row])[1][3]) <= 32_767
    assert "(200,000 characters)" in written([row])[1][3]
    out = io.StringIO(newline="")
    write_refused([row], out, raw=True)
    assert row.text in out.getvalue()


def test_signed_numbers_are_no_formulas() -> None:
    """-500 stays -500 in an exported cell."""
    assert [neutralise_formula(cell) for cell in ("-500", "+1.5", "-1+cmd")] == ["-500", "+1.5", "'-1+cmd"]
