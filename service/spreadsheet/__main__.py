"""Reads a workbook for the caller that started this process: `python -m service.spreadsheet PATH MEMORY`.

It writes the worksheets as a JSON line, [[name, whether it is hidden], ...], and then answers requests, one a line:

- `rows N`: batches of the rows with content of the N-th sheet, from 0, and an end.
- `head N`: the first of these rows alone, and an end.
- `count N`: the number of these rows.

A batch is [[line, ...], [[cell, ...], ...], [[index of the row, column, cause, error], ...]]; the last part names the
cells that cannot be taken. An end is an object: what is known of the sheet as a whole. The process ends with its input.
"""

import json
import resource
import sys
import zipfile
import zlib
from dataclasses import dataclass, field
from xml.parsers import expat

from service.spreadsheet import DAMAGED, NOT_A_WORKBOOK
from service.spreadsheet.parts import Damaged, NotAWorkbook, open_book
from service.spreadsheet.rows import Cells, SheetReader, SheetRow

_CPU_SECONDS = 120
_HEAD_ROWS = 20
_BATCH_CELLS = 1 << 13
_EXAMPLES = 3


def main(path: str, memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    with zipfile.ZipFile(path) as archive:
        book = open_book(archive)
        cells = Cells(book)
        send([[sheet.name, sheet.hidden] for sheet in book.sheets])
        for request in sys.stdin:
            verb, _, number = request.partition(" ")
            sheet = SheetReader(book, book.sheets[int(number)], cells)
            if verb == "count":
                send(sum(1 for _ in sheet.rows()))
            else:
                send_rows(sheet, _HEAD_ROWS if verb == "head" else None)


@dataclass(slots=True)
class _Shown:
    """The cells of a column that show something else than is taken: how many, and some as line, shown, taken."""

    count: int = 0
    examples: list[tuple[int, str, str]] = field(default_factory=list)


def send_rows(sheet: SheetReader, most: int | None) -> None:
    """Write the rows of a sheet, `most` at most, and what is known at its end."""
    shown = dict[int, _Shown]()
    lines, rows, refused, size = list[int](), list[list[str]](), list[tuple[int, int, str, str]](), 0
    for row in sheet.rows(most):
        if row.doubts:
            refused += [
                (len(rows), at, doubt.cause, doubt.shown()) for at, doubt in row.doubts.items() if not doubt.is_taken
            ]
            note_shown(row, shown)
        lines.append(row.line)
        rows.append(row.cells)
        size += len(row.cells)
        if size >= _BATCH_CELLS:
            send([lines, rows, refused])
            lines, rows, refused, size = [], [], [], 0
    send([lines, rows, refused])
    send(
        {
            "hidden_rows": sheet.hidden_rows,
            "hidden_columns": sheet.hidden_columns,
            "merged": sheet.merged,
            "shown": [[at, found.count, found.examples] for at, found in sorted(shown.items())],
        }
    )


def note_shown(row: SheetRow, shown: dict[int, _Shown]) -> None:
    """Count the cells of a row that show something else than is taken, and keep the first of each column."""
    for at, doubt in row.doubts.items():
        if doubt.is_taken:
            found = shown.setdefault(at, _Shown())
            found.count += 1
            if len(found.examples) < _EXAMPLES:
                found.examples.append((row.line, doubt.shown(), doubt.text))


def send(message: object) -> None:
    sys.stdout.write(json.dumps(message))
    sys.stdout.write("\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except NotAWorkbook:
        sys.exit(NOT_A_WORKBOOK)
    except (Damaged, expat.ExpatError, zipfile.BadZipFile, zlib.error, LookupError, ValueError):
        sys.exit(DAMAGED)
