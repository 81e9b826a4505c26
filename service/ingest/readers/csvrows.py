"""Delimited text to rows with the physical line of each: csv.reader's rules, and a way on where it gives up.

The C reader takes the whole file in one go; only where it stops is a record read by hand (`quoting`).
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from schemas.problems import Code
from service.errors import UnusableFile
from service.ingest.options import Limits
from service.ingest.readers.decode import escape_undecodable
from service.ingest.table import RefusedRow

ROWS_AT_ONCE = 10_000  # one call of the C reader keeps every other thread waiting, recalls among them


@dataclass(slots=True)
class Rows:
    """rows[i] stands in the lines with index starts[i] up to stops[i]; broken rows were refused already."""

    rows: list[list[str]]
    starts: Sequence[int]
    stops: Sequence[int]
    broken: list[RefusedRow] = field(default_factory=list)

    @property
    def lines(self) -> Sequence[int]:
        """The physical line of each row's first character; the file's first is 1."""
        if isinstance(self.starts, range):
            return range(self.starts.start + 1, self.starts.stop + 1)
        return [start + 1 for start in self.starts]


def split_lines(text: str, limits: Limits) -> list[str]:
    """Lines with their ends: LF, CRLF or CR, whichever comes, mixed or not."""
    if max(text.count("\n"), text.count("\r")) > limits.max_lines:
        raise UnusableFile(f"The file has more than {limits.max_lines:,} lines. Split it.", code=Code.NOT_A_TABLE)
    return list(io.StringIO(text, newline=""))


def join_lines(lines: Sequence[str], start: int, stop: int) -> str:
    """Lines as they stand in the file, without the end of the last one."""
    return "".join(lines[start:stop]).removesuffix("\n").removesuffix("\r")


def read_rows(lines: list[str], delimiter: str, limits: Limits) -> Rows:
    """Every record of `lines`, blank ones included; raises UnusableFile where the rest of the file is in doubt."""
    _refuse_overlong_lines(lines, delimiter, limits)
    rows: list[list[str]] = []
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    try:
        while part := list(islice(reader, ROWS_AT_ONCE)):
            rows += part
    except csv.Error:
        return _read_carefully(lines, delimiter)
    if len(rows) == len(lines):
        return Rows(rows, range(len(rows)), range(1, len(rows) + 1))
    return _read_carefully(lines, delimiter)


def _refuse_overlong_lines(lines: list[str], delimiter: str, limits: Limits) -> None:
    if max(map(len, lines), default=0) <= limits.max_line_cells:
        return
    for at, line in enumerate(lines):
        if len(line) > limits.max_line_cells and line.count(delimiter) >= limits.max_line_cells:
            raise UnusableFile(
                f"Line {at + 1} has more than {limits.max_line_cells:,} cells. Check the delimiter and the line ends.",
                code=Code.NOT_A_TABLE,
                line=at + 1,
            )


def _read_carefully(lines: list[str], delimiter: str) -> Rows:
    """Keep the lines of every record, and go on past the records that the C reader refuses."""
    rows, starts, stops = list[list[str]](), list[int](), list[int]()
    broken = list[RefusedRow]()
    for start, stop, cells in _read_records(lines, delimiter):
        if cells is None:
            text = escape_undecodable(join_lines(lines, start, stop))
            broken.append(RefusedRow(start + 1, Code.ROW_MALFORMED, explain_malformed(text), text))
        else:
            rows.append(cells)
            starts.append(start)
            stops.append(stop)
    return Rows(rows, starts, stops, broken)


def _read_records(lines: list[str], delimiter: str) -> Iterator[tuple[int, int, list[str] | None]]:
    """(first line index, line index after the last, cells); no cells where the row is malformed."""
    source = iter(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    begin = read_by_hand = 0
    while begin < len(lines):
        try:
            for row in reader:
                stop = reader.line_num + read_by_hand
                yield begin, stop, row
                begin = stop
        except csv.Error:
            record = read_record(lines, begin, delimiter)
            ahead = record.stop - (reader.line_num + read_by_hand)
            read_by_hand += ahead
            next(islice(source, ahead, ahead), None)
            yield begin, record.stop, record.cells
            begin = record.stop


_INSIDE = re.compile(r'(?:[^"]|"")*+')
_WRAPPERS = ("''", "``", "‘’", "“”", "´´")
_LINE_ENDS = "\r\n"
_ADVICE = 'Write quotes inside cells twice ("") and put such cells in double quotes, as Excel and pandas do.'


@dataclass(frozen=True, slots=True)
class Record:
    """Cells of the record that ends before line index `stop`; None where text follows a closing quote."""

    cells: list[str] | None
    stop: int


def read_record(lines: Sequence[str], start: int, delimiter: str) -> Record:
    """The record at line index `start` by the rules of RFC 4180; every line is visited once.

    Raises UnusableFile where nobody can tell where the record ends: an open quote, or unbalanced ones.
    """
    cells: list[str] = []
    at, place = start, 0
    while True:
        line = lines[at]
        if line.startswith('"', place):
            opened = at
            cell, at, place = _read_quoted(lines, opened, place + 1)
            line = lines[at]
            ended = place == len(line) or line[place] in _LINE_ENDS
            if not ended and line[place] != delimiter:
                return _refuse_garbled(lines, start, opened, at)
        else:
            stop = line.find(delimiter, place)
            ended = stop < 0
            cell = line[place:].rstrip(_LINE_ENDS) if ended else line[place:stop]
            place = stop
        cells.append(cell)
        if ended:
            return Record(cells, at + 1)
        place += 1


def _read_quoted(lines: Sequence[str], opened: int, place: int) -> tuple[str, int, int]:
    """A quoted cell's text, and the line index and place after its closing quote."""
    parts = []
    for at in range(opened, len(lines)):
        inside = _INSIDE.match(lines[at], place)
        end = inside.end() if inside else place
        parts.append(lines[at][place:end])
        if end < len(lines[at]):
            return "".join(parts).replace('""', '"'), at, end + 1
        place = 0
    raise _unclosed_quote(opened)


def _unclosed_quote(opened: int) -> UnusableFile:
    line = opened + 1
    return UnusableFile(
        f"The quote opened in line {line} is never closed, so the rows after it would become one answer. "
        f"Close it, or remove it. {_ADVICE}",
        code=Code.UNCLOSED_QUOTE,
        line=line,
    )


def _refuse_garbled(lines: Sequence[str], start: int, opened: int, at: int) -> Record:
    """Text after a closing quote: one broken row if its quotes balance, else no row after it can be trusted."""
    if at > opened:
        raise _unclosed_quote(opened)
    text = "".join(lines[start : at + 1])
    if (text.count('"') - text.count('\\"')) % 2:
        raise UnusableFile(
            f"Line {at + 1} has text after a closing quote and an odd number of quotes: where its row ends is unclear. "
            f"{_ADVICE}",
            code=Code.QUOTING_UNCLEAR,
            line=at + 1,
        )
    return Record(None, at + 1)


def explain_malformed(text: str) -> str:
    """Why a row was refused as malformed."""
    if '\\"' in text:
        return f'The row escapes quotes with a backslash (\\"). {_ADVICE}'
    return f"Text follows a closing quote. {_ADVICE}"


def refuse_unknown_quotes(rows: Sequence[Sequence[str]], first_line: int) -> None:
    """422 when every cell stands in quotes that CSV does not know: they would be stored with the answers."""
    cells = [cell for row in rows for cell in row if cell]
    for wrapper in _WRAPPERS:
        if cells and all(_is_wrapped(cell, wrapper) for cell in cells):
            raise UnusableFile(
                f"From line {first_line} on every cell stands in {wrapper[0]}…{wrapper[1]}, which would become part of "
                f'every name and answer. Save the file with double quotes ("…") or without quotes.',
                code=Code.QUOTING_UNCLEAR,
                line=first_line,
            )


def _is_wrapped(cell: str, wrapper: str) -> bool:
    return len(cell) > 1 and cell[0] == wrapper[0] and cell[-1] == wrapper[1]
