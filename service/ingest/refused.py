"""refused.csv: every refused row with its line, code, reason and text."""

import csv
import re
from collections.abc import Iterable
from typing import TextIO

from service.ingest.table import RefusedRow

FIELDS = ("line", "code", "detail", "text")
# Spreadsheets run cells that begin so as formulas, in half and full width.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]\d+(\.\d+)?", re.ASCII)
_SPREADSHEET_CELL = 32_767


def write_refused(rows: Iterable[RefusedRow], out: TextIO, raw: bool = False) -> None:
    """CSV into `out` (opened with newline="").

    raw: the text exactly as it stood. Otherwise for reading in a spreadsheet: a leading ' keeps formulas from running,
    and text longer than a cell of Excel is cut, with its length said.
    """
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    for row in rows:
        writer.writerow((row.line, row.code.value, row.detail, row.text if raw else _for_reading(row.text)))


def _for_reading(text: str) -> str:
    if len(text) > _SPREADSHEET_CELL:
        mark = f"… ({len(text):,} characters)"
        text = text[: _SPREADSHEET_CELL - len(mark) - 1] + mark
    return neutralised(text)


def neutralised(cell: str) -> str:
    """The cell with a leading ' where a spreadsheet would run it; a signed number is no formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(cell) else cell
