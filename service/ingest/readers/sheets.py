"""The sheets of a workbook, as the process that reads it tells them, and the checks before it is started."""

import json
import subprocess
import sys
import zipfile
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Self

from schemas.problems import Code
from service.errors import TooLarge, UnsupportedMedia, UnusableFile
from service.ingest.options import Limits
from service.ingest.readers.header import HEAD_ROWS
from service.ingest.readers.sift import Refusal, Row
from service.packed import Packed
from service.spreadsheet import DAMAGED, NOT_A_WORKBOOK

_SPARSE_CELLS, _SPARSE_FACTOR = 1 << 23, 4  # a table may have so many empty cells, or so many for each that has a value
_MOST_CELLS = 1 << 25
_NO_WORKBOOK = "The file is a ZIP archive but not an .xlsx workbook. Unpack it, or save the table as .xlsx or CSV."


@dataclass(slots=True)
class Sheet:
    """A worksheet. at: its place in the workbook."""

    at: int
    name: str
    hidden: bool

    def __str__(self) -> str:
        return f"{self.name!r} (hidden)" if self.hidden else repr(self.name)


@dataclass(slots=True)
class Content:
    """The rows with content of a worksheet, all equally long, and their lines.

    bad_cells: the cells that cannot be taken, by the index of their row and their column. shown: the columns with cells
    that show something else than is taken: their number, and examples as line, shown, taken.
    """

    rows: Sequence[Row]
    lines: Sequence[int]
    bad_cells: dict[int, dict[int, Refusal]]
    merged: list[tuple[int, int, int, int]]
    shown: dict[int, tuple[int, list[tuple[int, str, str]]]]
    hidden_rows: list[int]
    hidden_columns: list[tuple[int, int]]

    @property
    def reach(self) -> list[dict[int, int]]:
        """For each of the first rows, its merged cells that reach over several columns: the first and the last."""
        return [
            {left: right for top, bottom, left, right in self.merged if top <= line <= bottom and right > left}
            for line in self.lines[:HEAD_ROWS]
        ]


class SheetProcess:
    """A process that reads a workbook, and what it is asked. A process that ends early says why by its exit status."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._command = [sys.executable, "-I", "-m", "service.spreadsheet", str(path), str(limits.max_reader_memory)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own module, without a shell
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def list_sheets(self) -> list[Sheet]:
        return [Sheet(at, name, hidden) for at, (name, hidden) in enumerate(self._receive())]

    def read_head(self, sheet: Sheet, limits: Limits) -> Content:
        """The first rows with content."""
        return self._read("head", sheet, limits)

    def read_rows(self, sheet: Sheet, limits: Limits) -> Content:
        """All rows with content. Raises TooLarge where they are more than the limits allow."""
        return self._read("rows", sheet, limits)

    def count_rows(self, sheet: Sheet) -> int:
        """The number of rows with content."""
        self._send(f"count {sheet.at}")
        return int(self._receive())

    def _read(self, verb: str, sheet: Sheet, limits: Limits) -> Content:
        self._send(f"{verb} {sheet.at}")
        rows, lines, bad = Packed[Row](), array("q"), dict[int, dict[int, Refusal]]()
        size = count = widest = 0
        while isinstance(batch := self._receive(), list):
            numbers, cells, refused = batch
            for at, column, cause, shown in refused:
                address = f"{letter_column(column)}{numbers[at]}"
                bad.setdefault(len(rows) + at, {})[column] = _refuse_cell(address, cause, shown)
            lines.extend(numbers)
            rows.extend(cells)
            size += sum(map(len, chain.from_iterable(cells)))
            count += sum(map(len, cells))
            widest = max(widest, *map(len, cells), 0)
            if size > limits.max_expanded_bytes or count > _MOST_CELLS:
                raise _too_large()
        return Content(
            _even(rows, widest, count),
            lines,
            bad,
            merged=[(top, bottom, left, right) for top, bottom, left, right in batch["merged"]],
            shown={column: (count, examples) for column, count, examples in batch["shown"]},
            hidden_rows=batch["hidden_rows"],
            hidden_columns=batch["hidden_columns"],
        )

    def _send(self, request: str) -> None:
        if self._process.stdin is None:
            raise ValueError("the process was started without pipes")
        try:
            self._process.stdin.write(f"{request}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._explain_exit() from None

    def _receive(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise self._explain_exit()
        return json.loads(line)

    def _explain_exit(self) -> TooLarge | UnusableFile | UnsupportedMedia:
        status = self._process.wait()
        if status == NOT_A_WORKBOOK:
            return UnsupportedMedia(_NO_WORKBOOK)
        if status == DAMAGED:
            return UnusableFile("The workbook is damaged. Open it in Excel and save it again.", code=Code.NOT_A_TABLE)
        return _too_large()


def _too_large() -> TooLarge:
    return TooLarge(
        "Reading the workbook takes more memory or time than is allowed. Its used area may be far larger than its "
        "table: delete the rows and columns around it, or send the sheet as CSV.",
        code=Code.ARCHIVE_TOO_LARGE,
    )


def _even(rows: Packed[Row], width: int, cells: int) -> Packed[Row]:
    """Make all rows as long as the longest. Raises TooLarge where that is far more than what they hold."""
    if width * len(rows) > max(_SPARSE_CELLS, _SPARSE_FACTOR * cells):
        raise _too_large()
    return rows if width * len(rows) == cells else Packed(row + [""] * (width - len(row)) for row in rows)


def letter_column(at: int) -> str:
    letters, at = "", at + 1
    while at:
        at, place = divmod(at - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


def _refuse_cell(address: str, cause: str, shown: str) -> Refusal:
    if cause == "error":
        return Code.FORMULA_UNCOMPUTED, f"The cell {address} holds the error {shown}. Correct it in the workbook."
    if cause == "uncomputed":
        return Code.FORMULA_UNCOMPUTED, (
            f"The cell {address} has a formula without a value. Open the workbook in Excel, let it calculate, save it."
        )
    return Code.ROW_MALFORMED, f"The cell {address} holds neither a text nor a number. Type it again."


_CONTENT_TYPES = "[Content_Types].xml"  # a part of every package of Office Open XML
_CHUNK = 1 << 20
# What zipfile raises for a damaged archive, a password, or an unknown compression.
_DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)


def check_workbook_archive(path: Path, limits: Limits) -> None:
    """Check an archive: UnsupportedMedia (415) if it is no .xlsx, UnusableFile (422) if damaged, TooLarge (413).

    The sizes in its directory are added up first; then every part is unpacked and its true size counted.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if _CONTENT_TYPES not in archive.namelist():
                raise UnsupportedMedia(_NO_WORKBOOK)
            _refuse_oversize(sum(part.file_size for part in parts), limits)
            _refuse_oversize(sum(_count_unpacked_bytes(archive, part) for part in parts), limits)
    except _DAMAGE as error:
        raise UnusableFile(
            f"The workbook is damaged or encrypted: {str(error)[:200]}. Save it again without a password.",
            code=Code.NOT_A_TABLE,
        ) from error


def _count_unpacked_bytes(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    size = 0
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
    return size


def _refuse_oversize(size: int, limits: Limits) -> None:
    if size > limits.max_expanded_bytes:
        raise TooLarge(
            f"The workbook expands to {size:,} bytes; at most {limits.max_expanded_bytes:,} are allowed. "
            "Send only the sheet with the facts, or send it as CSV.",
            code=Code.ARCHIVE_TOO_LARGE,
        )
