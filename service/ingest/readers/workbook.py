"""Reading Excel workbooks (.xlsx): one sheet or several, every cell as the text that a person would type.

`service.spreadsheet` reads them in a process of its own. Which sheet is read is decided here: a visible one before a
hidden one, and where several hold a table, the caller is asked.
"""

import csv
import io
import json
import subprocess
import sys
import zipfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, Self

from schemas.problems import Code
from schemas.uploads import Finding, FindingKind
from service.errors import TooLarge, UnsupportedMedia, UnusableFile
from service.facts import Facts, is_blank, trimmed
from service.ingest.options import Limits, Options
from service.ingest.readers.header import HEAD_ROWS, find_titles, is_header, report_titles, resolve_header
from service.ingest.readers.readings import offer_readings, read_first_facts
from service.ingest.readers.sift import RawTable, Refusal, Row
from service.ingest.readers.wide import tabulate
from service.ingest.table import AnyHeader, RefusedRow, Table
from service.spreadsheet import DAMAGED, NOT_A_WORKBOOK

_ALL = "all"
_SHEETS_NAMED = 20
_SPARSE_CELLS, _SPARSE_FACTOR = 1 << 23, 4  # a table may have so many empty cells, or so many for each that has a value
_MOST_CELLS = 1 << 25
_MERGED_CELLS = 1 << 21  # as many cells of merged ranges are explained
_NO_WORKBOOK = "The file is a ZIP archive but not an .xlsx workbook. Unpack it, or save the table as .xlsx or CSV."


@dataclass(slots=True)
class _Sheet:
    """A worksheet. at: its place in the workbook. head: its first rows with content."""

    at: int
    name: str
    hidden: bool
    head: list[Row]

    def __str__(self) -> str:
        return f"{self.name!r} (hidden)" if self.hidden else repr(self.name)


@dataclass(slots=True)
class _Content:
    """The rows with content of a worksheet, all equally long, and their lines.

    bad_cells: the cells that cannot be taken, by the index of their row and their column. shown: the columns with cells
    that show something else than is taken: their number, and examples as line, shown, taken.
    """

    rows: list[Row]
    lines: list[int]
    bad_cells: dict[int, dict[int, Refusal]]
    merged: list[tuple[int, int, int, int]]
    shown: dict[int, tuple[int, list[tuple[int, str, str]]]]
    hidden_rows: list[int]
    hidden_columns: list[tuple[int, int]]


def read_workbook(path: Path, _media_type: str | None, options: Options, limits: Limits) -> Table:
    """Read a workbook; a line is a row's number in its sheet. A finding names the sheets that were left out.

    Raises UnsupportedMedia (415), UnusableFile (422) or TooLarge (413) where the workbook cannot be read.
    """
    check_workbook_archive(path, limits)
    with _Process(path, limits) as process:
        sheets = process.list_sheets()
        chosen = _choose_sheets(sheets, process, options, limits)
        tables = [_read_sheet(process.read_rows(sheet, limits), options, limits) for sheet in chosen]
        table = tables[0] if len(tables) == 1 else _join_tables(tables, chosen)
        table.findings += _report_sheets(sheets, chosen, process)
    return table


class _Process:
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

    def list_sheets(self) -> list[_Sheet]:
        return [_Sheet(at, name, hidden, []) for at, (name, hidden) in enumerate(self._receive())]

    def read_head(self, sheet: _Sheet) -> list[Row]:
        """The first rows with content, all equally long."""
        self._send(f"head {sheet.at}")
        rows = list[Row]()
        while isinstance(batch := self._receive(), list):
            rows += batch[1]
        return _even(rows)

    def read_rows(self, sheet: _Sheet, limits: Limits) -> _Content:
        """All rows with content. Raises TooLarge where their texts are longer than the limits allow."""
        self._send(f"rows {sheet.at}")
        rows, lines, bad = list[Row](), list[int](), dict[int, dict[int, Refusal]]()
        size = count = 0
        while isinstance(batch := self._receive(), list):
            numbers, cells, refused = batch
            for at, column, cause, shown in refused:
                address = f"{_name_column(column)}{numbers[at]}"
                bad.setdefault(len(rows) + at, {})[column] = _refuse_cell(address, cause, shown)
            lines += numbers
            rows += cells
            size += sum(map(len, chain.from_iterable(cells)))
            count += sum(map(len, cells))
            if size > limits.max_expanded_bytes or count > _MOST_CELLS:
                raise _too_large()
        return _Content(
            _even(rows),
            lines,
            bad,
            merged=[(top, bottom, left, right) for top, bottom, left, right in batch["merged"]],
            shown={column: (count, examples) for column, count, examples in batch["shown"]},
            hidden_rows=batch["hidden_rows"],
            hidden_columns=batch["hidden_columns"],
        )

    def count_rows(self, sheet: _Sheet) -> int:
        """The number of rows with content."""
        self._send(f"count {sheet.at}")
        return int(self._receive())

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


def _even(rows: list[Row]) -> list[Row]:
    """Make all rows as long as the longest. Raises TooLarge where that is far more than what they hold."""
    width = max(map(len, rows), default=0)
    if width * len(rows) > max(_SPARSE_CELLS, _SPARSE_FACTOR * sum(map(len, rows))):
        raise _too_large()
    return rows if all(len(row) == width for row in rows) else [row + [""] * (width - len(row)) for row in rows]


def _name_column(at: int) -> str:
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


def _choose_sheets(sheets: Sequence[_Sheet], process: _Process, options: Options, limits: Limits) -> list[_Sheet]:
    """The sheets to read. Raises UnusableFile where none fits, or where the caller has to say which one."""
    if options.sheet is not None and options.sheet != _ALL:
        return [_find_sheet(sheets, options)]
    for sheet in sheets:
        sheet.head = process.read_head(sheet)
    visible, hidden = ([sheet for sheet in sheets if sheet.hidden is state and sheet.head] for state in (False, True))
    for candidates in (visible, hidden):
        fitting = [sheet for sheet in candidates if is_header(find_titles(sheet.head, options).cells, options)]
        if len(fitting) > 1:
            return _take_several(fitting, options, limits)
        if fitting:
            return fitting
    if not visible and not hidden:
        raise UnusableFile("The workbook has no cell with a value.", code=Code.EMPTY_FILE)
    head = (visible or hidden)[0].head
    titles = find_titles(head, options)
    try:
        resolve_header(titles.cells, options)
    except UnusableFile as error:
        raise offer_readings(error, titles.cells, head[titles.last + 1 :], options, limits) from None
    raise ValueError("a header that does not fit is refused by resolve_header")


def _find_sheet(sheets: Sequence[_Sheet], options: Options) -> _Sheet:
    wanted = trimmed(options.sheet or "")
    exact = [sheet for sheet in sheets if trimmed(sheet.name) == wanted]
    found = exact or [sheet for sheet in sheets if trimmed(sheet.name).casefold() == wanted.casefold()]
    if len(found) == 1:
        return found[0]
    raise UnusableFile(
        f"The workbook has no sheet named {wanted[:80]!r}. Its sheets are: {_list_sheets(sheets)}.",
        code=Code.HEADER_UNCLEAR,
        sheets=[sheet.name for sheet in sheets[:_SHEETS_NAMED]],
        **options.offer(sheet=None),
    )


def _take_several(fitting: list[_Sheet], options: Options, limits: Limits) -> list[_Sheet]:
    """All sheets, where that is asked for and they have the same columns; else the question which one to read."""
    found = [find_titles(sheet.head, options) for sheet in fitting]
    titles = [list(map(trimmed, each.cells)) for each in found]
    are_alike = all(each == titles[0] for each in titles)
    if options.sheet == _ALL and are_alike:
        return fitting
    readings = [
        {
            "query": options.change_query(sheet=sheet.name),
            "facts": read_first_facts(each.cells, sheet.head[each.last + 1 :], options, limits),
        }
        for sheet, each in zip(fitting[:_SHEETS_NAMED], found, strict=False)
    ]
    differ = "" if are_alike else " Their columns differ, so sheet=all does not read them together."
    advice = ", sheet=all all of them." if are_alike else "."
    raise UnusableFile(
        f"Several sheets hold a table: {_list_sheets(fitting)}. sheet=NAME reads one of them{advice}{differ}",
        code=Code.HEADER_UNCLEAR,
        sheets=[sheet.name for sheet in fitting[:_SHEETS_NAMED]],
        readings=readings,
        **options.offer(sheet=_ALL if are_alike else fitting[0].name),
    )


def _list_sheets(sheets: Sequence[_Sheet]) -> str:
    return ", ".join(map(str, sheets[:_SHEETS_NAMED])) + (", …" if len(sheets) > _SHEETS_NAMED else "")


def _read_sheet(content: _Content, options: Options, limits: Limits) -> Table:
    if not content.rows:
        raise UnusableFile("The sheet has no cell with a value.", code=Code.EMPTY_FILE)
    titles = find_titles(content.rows[:HEAD_ROWS], options, _find_reach(content))
    try:
        header = resolve_header(titles.cells, options)
    except UnusableFile as error:
        raise offer_readings(error, titles.cells, content.rows[titles.last + 1 :], options, limits) from None
    body = titles.last + 1 if header.cells else titles.first
    rows, lines = content.rows[body:], content.lines[body:]
    _refuse_merged(content, header)
    bad_cells = {at - body: bad for at, bad in content.bad_cells.items() if at >= body}
    sheet = RawTable(rows, lines, lambda at: _as_csv(rows[at]), bad_cells=bad_cells, has_gaps=True)
    table = tabulate(sheet, header, options, limits)
    table.samples = [_as_csv(row) for row in content.rows[:3]]
    table.findings += report_titles(content.rows, content.lines, titles)
    table.findings += [*_report_shown(content, header), *_report_hidden(content, header, lines)]
    return table


def _find_reach(content: _Content) -> list[dict[int, int]]:
    """For each of the first rows, the merged cells that reach over several columns: the first column and the last."""
    return [
        {left: right for top, bottom, left, right in content.merged if top <= line <= bottom and right > left}
        for line in content.lines[:HEAD_ROWS]
    ]


def _refuse_merged(content: _Content, header: AnyHeader) -> None:
    """Refuse the cells that a merged cell covers: they are empty in the file, and to a person they have its value."""
    left = _MERGED_CELLS
    for top, bottom, first, last in content.merged:
        covered = range(bisect_left(content.lines, top), bisect_right(content.lines, bottom))
        left -= len(covered)
        for column in header.positions if left > 0 else ():
            for at in covered if first <= column <= last else ():
                line = content.lines[at]
                if (line, column) != (top, first) and is_blank(content.rows[at][column]):
                    whole = f"{_name_column(first)}{top}:{_name_column(last)}{bottom}"
                    detail = f"The cell {_name_column(column)}{line} is a part of the merged cell {whole}. Unmerge it."
                    content.bad_cells.setdefault(at, {}).setdefault(column, (Code.FIELD_MISSING, detail))


def _report_shown(content: _Content, header: AnyHeader) -> list[Finding]:
    """A finding for each used column whose cells show something else than was taken."""
    found = list[Finding]()
    for column, (count, examples) in content.shown.items():
        if column in header.positions:
            pairs = "; ".join(
                f"shown {shown[:80]}, taken {taken[:80]} (line {line})" for line, shown, taken in examples
            )
            message = (
                f"{count} cells of the column {header.names[column]!r} show something else than was taken: {pairs}. "
                "To teach what they show, save the sheet as CSV, or make the cells text."
            )
            kind = FindingKind.SHOWN_OTHERWISE
            found.append(Finding(kind=kind, message=message, count=count, relation=None, examples=[]))
    return found


def _report_hidden(content: _Content, header: AnyHeader, lines: Sequence[int]) -> list[Finding]:
    """A finding for rows and columns that were read though they are hidden, by hand or by a filter."""
    rows = sorted(set(content.hidden_rows).intersection(lines))
    columns = [at for at in header.positions if any(first <= at <= last for first, last in content.hidden_columns)]
    if not rows and not columns:
        return []
    named = [f"the columns {', '.join(repr(header.names[at]) for at in columns)}"] if columns else []
    named += [f"the rows {', '.join(map(str, rows[:5]))}{', …' if len(rows) > 5 else ''} ({len(rows)})"] if rows else []
    message = (
        f"Hidden in the sheet, by hand or by a filter, and read nevertheless: {' and '.join(named)}. "
        "Delete them in the workbook if they are not meant."
    )
    kind = FindingKind.HIDDEN_CELLS
    return [Finding(kind=kind, message=message, count=len(rows) or len(columns), relation=None, examples=[])]


def _join_tables(tables: Sequence[Table], sheets: Sequence[_Sheet]) -> Table:
    """The tables of several sheets as one. Refused rows name their sheet, for lines are counted in each."""
    starts = [0, *accumulate(len(table.columns) for table in tables)]
    columns = Facts(
        *(
            [*chain.from_iterable(getattr(table.columns, name) for table in tables)]
            for name in ("subjects", "relations", "answers", "lines")
        )
    )

    def text(at: int) -> str:
        place = bisect_right(starts, at) - 1
        return tables[place].text(at - starts[place])

    joined = Table(columns, text, tables[0].header)
    for table, sheet in zip(tables, sheets, strict=True):
        joined.refused += [
            RefusedRow(row.line, row.code, f"Sheet {sheet}: {row.detail}", row.text) for row in table.refused
        ]
        joined.mentioned |= table.mentioned
        joined.blank_lines += table.blank_lines
        joined.samples += table.samples[:1]
        joined.findings += [_name_sheet(finding, sheet) for finding in table.findings]
        if table.rows is not None:
            joined.rows = (joined.rows or 0) + table.rows
            joined.empty_cells = (joined.empty_cells or 0) + (table.empty_cells or 0)
    return joined


def _name_sheet(finding: Finding, sheet: _Sheet) -> Finding:
    return finding.model_copy(update={"message": f"Sheet {sheet}: {finding.message}"})


def _report_sheets(sheets: Sequence[_Sheet], chosen: Sequence[_Sheet], process: _Process) -> list[Finding]:
    """The findings that a sheet that was read is hidden, that several were read, and which were not."""
    found = list[Finding]()

    def report(kind: FindingKind, message: str, count: int) -> None:
        found.append(Finding(kind=kind, message=message, count=count, relation=None, examples=[]))

    if hidden := [sheet for sheet in chosen if sheet.hidden]:
        report(
            FindingKind.SHEET_HIDDEN,
            f"The sheet that was read is hidden in the workbook: {_list_sheets(hidden)}.",
            len(hidden),
        )
    if len(chosen) > 1:
        message = f"The rows of several sheets were read: {_list_sheets(chosen)}. Lines are counted in each sheet."
        report(FindingKind.SHEETS_JOINED, message, len(chosen))
    read = {sheet.at for sheet in chosen}
    if others := [sheet for sheet in sheets if sheet.at not in read]:
        counted = ", ".join(f"{sheet} ({process.count_rows(sheet)} rows)" for sheet in others[:_SHEETS_NAMED])
        message = (
            f"Only {_list_sheets(chosen)} was read. Left out: {counted}{', …' if len(others) > _SHEETS_NAMED else ''}. "
            "sheet=NAME reads another sheet."
        )
        report(FindingKind.SHEETS_IGNORED, message, len(others))
    return found


def _as_csv(row: Row) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row)
    return out.getvalue()


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
