"""Reading Excel workbooks (.xlsx): the first sheet with a header, every cell as the text that a person would type."""

import csv
import io
import json
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.problems import Code
from schemas.uploads import Finding, FindingKind
from service.errors import TooLarge, UnsupportedMedia, UnusableFile
from service.ingest.options import Limits, Options
from service.ingest.readers import header as headers
from service.ingest.readers.readings import offer_readings
from service.ingest.readers.sheetreader import DAMAGED
from service.ingest.readers.sift import RawTable, Row, format_cell
from service.ingest.readers.wide import tabulate
from service.ingest.table import Table

_READER = Path(__file__).with_name("sheetreader.py")
_UNCOMPUTED = (
    Code.FORMULA_UNCOMPUTED,
    "A cell has a formula without a value, or an error. Open the workbook in Excel, let it calculate, and save it.",
)


@dataclass(slots=True)
class _Worksheet:
    """The sheet that is read: its rows, the header row among them, and their lines.

    others: the names of the other sheets. uncomputed: the columns of uncomputed cells, by the index of their row.
    """

    name: str
    others: list[str]
    rows: list[Row]
    lines: list[int]
    uncomputed: dict[int, list[int]]


def read_workbook(path: Path, _media_type: str | None, options: Options, limits: Limits) -> Table:
    """Read one sheet of a workbook; lines are its row numbers, and a finding names the other sheets.

    Raises UnsupportedMedia (415), UnusableFile (422) or TooLarge (413) where the workbook cannot be read.
    """
    check_workbook_archive(path, limits)
    worksheet = _run_reader(path, options, limits)
    titles = headers.find_titles(worksheet.rows, options)
    header = headers.resolve_header(titles.cells, options)
    body = titles.last + 1 if header.cells else titles.first
    rows, lines = worksheet.rows[body:], worksheet.lines[body:]
    bad_cells = {
        at - body: dict.fromkeys(columns, _UNCOMPUTED) for at, columns in worksheet.uncomputed.items() if at >= body
    }
    sheet = RawTable(rows, lines, lambda at: _as_csv(rows[at]), bad_cells=bad_cells, has_gaps=True)
    table = tabulate(sheet, header, options, limits)
    table.samples = [_as_csv(row) for row in worksheet.rows[:3]]
    table.findings += headers.report_titles(worksheet.rows, worksheet.lines, titles)
    if worksheet.others:
        table.findings.append(_report_ignored_sheets(worksheet))
    return table


def _report_ignored_sheets(worksheet: _Worksheet) -> Finding:
    return Finding(
        kind=FindingKind.SHEETS_IGNORED,
        message=f"Only the sheet {worksheet.name!r} was read. Ignored: {', '.join(worksheet.others[:20])}.",
        count=len(worksheet.others),
        relation=None,
        examples=[],
    )


def _run_reader(path: Path, options: Options, limits: Limits) -> _Worksheet:
    command = [sys.executable, "-I", str(_READER), str(path), str(limits.max_reader_memory)]
    with subprocess.Popen(  # noqa: S603 - our own script, without a shell
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as reader:
        try:
            return _choose_and_read(_Channel(reader), options, limits)
        except (EOFError, BrokenPipeError):
            raise _explain_exit(reader.wait()) from None
        finally:
            reader.kill()


def _explain_exit(exit_code: int) -> TooLarge | UnusableFile:
    if exit_code == DAMAGED:
        return UnusableFile("The workbook is damaged. Open it in Excel and save it again.", code=Code.NOT_A_TABLE)
    return TooLarge(
        "Reading the workbook takes more memory or time than is allowed. Its used area may be far larger than its "
        "table: delete the rows and columns around it, or send the sheet as CSV.",
        code=Code.ARCHIVE_TOO_LARGE,
    )


class _Channel:
    """JSON lines to and from the reader's process."""

    def __init__(self, reader: subprocess.Popen[str]) -> None:
        if reader.stdin is None or reader.stdout is None:
            raise ValueError("the reader was started without pipes")
        self._to, self._from = reader.stdin, reader.stdout

    def send(self, word: str) -> None:
        self._to.write(f"{word}\n")
        self._to.flush()

    def receive(self) -> Any:
        line = self._from.readline()
        if not line:
            raise EOFError
        return json.loads(line)


def _choose_and_read(channel: _Channel, options: Options, limits: Limits) -> _Worksheet:
    """Read the first sheet that has a header. Where none has, raise the error for the first row in its place."""
    names: list[str] = channel.receive()
    seen = list[list[Row]]()
    for name in names:
        _, head = channel.receive()
        rows = [_format_cells(cells) for cells in head]
        if rows and headers.is_header(headers.find_titles(rows, options).cells, options):
            channel.send("take")
            return _receive_rows(
                channel, _Worksheet(name, [other for other in names if other != name], [], [], {}), limits
            )
        channel.send("")
        seen += [rows] if rows else []
    if not seen:
        raise UnusableFile("The workbook has no cell with a value.", code=Code.EMPTY_FILE)
    titles = headers.find_titles(seen[0], options)
    try:
        headers.resolve_header(titles.cells, options)
    except UnusableFile as error:
        raise offer_readings(error, titles.cells, seen[0][titles.last + 1 :], options, limits) from None
    raise ValueError("a first row that does not fit is refused by resolve")


def _receive_rows(channel: _Channel, worksheet: _Worksheet, limits: Limits) -> _Worksheet:
    size = 0
    while (message := channel.receive()) is not None:
        line, cells, uncomputed = message
        row = _format_cells(cells)
        if not worksheet.rows and not any(row):
            continue
        if uncomputed:
            worksheet.uncomputed[len(worksheet.rows)] = uncomputed
        worksheet.rows.append(row)
        worksheet.lines.append(line)
        size += sum(map(len, row))
        if size > limits.max_expanded_bytes:
            raise EOFError
    return worksheet


def _format_cells(cells: list[object]) -> Row:
    return [format_cell(cell) or "" for cell in cells]


def _as_csv(row: Row) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row)
    return out.getvalue()


_WORKBOOK_PART = "xl/workbook.xml"
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
            if _WORKBOOK_PART not in archive.namelist():
                raise UnsupportedMedia(
                    "The file is a ZIP archive but not an .xlsx workbook. Unpack it, or save the table as .xlsx or CSV."
                )
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
