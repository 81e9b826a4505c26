"""Splitting delimited text into rows, with the physical lines of each, by the rules of csv.reader.

The C reader of `csv` parses the file; a record that it rejects is read by `read_record`, and it goes on after that.
"""

import csv
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from schemas.problems import Code
from service.errors import UnusableFile
from service.facts import is_blank
from service.ingest.options import Limits
from service.ingest.readers.decode import escape_undecodable
from service.ingest.table import RefusedRow
from service.packed import Packed

MARK = "\ufeff"
AT_ONCE = 1 << 20  # characters of a text that are split into lines at a time
_LINE_END = re.compile("\r\n?|\n")


@dataclass(slots=True)
class Rows:
    """The rows of a text: rows[i] takes up the lines from index starts[i] up to stops[i], exclusive.

    broken: the rows that were refused because their quotes are malformed.
    """

    rows: Sequence[list[str]]
    starts: Sequence[int]
    stops: Sequence[int]
    broken: list[RefusedRow] = field(default_factory=list)

    @property
    def lines(self) -> Sequence[int]:
        """The physical line, from 1, on which each row starts."""
        if isinstance(self.starts, range):
            return range(self.starts.start + 1, self.starts.stop + 1)
        return array("q", (start + 1 for start in self.starts))

    def drop_blank_lines(self, start: int) -> int:
        """Drop the first `start` rows and all blank lines, so that no later step visits them one by one; return how
        many blank lines there were.
        """
        if not start and min(map(len, self.rows), default=2) > 1:
            return 0
        kept, starts, stops = Packed[list[str]](), array("q"), array("q")
        for at, row in enumerate(self.rows):
            if at >= start and (len(row) > 1 or (row and not is_blank(row[0]))):
                kept.append(row)
                starts.append(self.starts[at])
                stops.append(self.stops[at])
        blank = len(self.rows) - start - len(kept)
        self.rows, self.starts, self.stops = kept, starts, stops
        return blank


def split_lines(text: str, limits: Limits) -> Packed[str]:
    """Split a text into lines that keep their ends: LF, CRLF or CR, also mixed. Raises UnusableFile for too many."""
    if max(text.count("\n"), text.count("\r")) > limits.max_lines:
        raise UnusableFile(f"The file has more than {limits.max_lines:,} lines. Split it.", code=Code.NOT_A_TABLE)
    lines = Packed[str]()
    for part in _cut(text):
        lines.extend(io.StringIO(part, newline=""))
    return lines


def _cut(text: str) -> Iterator[str]:
    """Cut a text behind line ends into parts of about `AT_ONCE` characters."""
    start = 0
    while start < len(text):
        end = _LINE_END.search(text, start + AT_ONCE)
        stop = end.end() if end else len(text)
        yield text[start:stop]
        start = stop


def drop_marks(lines: Sequence[str], delimiter: str) -> Packed[str]:
    """The lines without byte order marks where a record begins with one before a quote, as in exports that were joined:
    the quote would not be seen as one. A mark inside a quoted cell stays.
    """
    begins, kept = True, Packed[str]()
    source = iter(lines)

    def watched() -> Iterator[str]:
        nonlocal begins
        for line in source:
            if begins and line.startswith(MARK) and line.lstrip(MARK).startswith('"'):
                line = line.lstrip(MARK)  # noqa: PLW2901 - the line as it goes on
            begins = False
            kept.append(line)
            yield line

    with suppress(csv.Error):
        for _ in csv.reader(watched(), delimiter=delimiter):
            begins = True
    kept.extend(source)
    return kept


def join_lines(lines: Sequence[str], start: int, stop: int) -> str:
    """Join the lines from `start` up to `stop` as they are in the file, without the last line end."""
    return "".join(lines[start:stop]).removesuffix("\n").removesuffix("\r")


def read_rows(lines: Sequence[str], delimiter: str, limits: Limits) -> Rows:
    """Read every record of `lines`, blank ones included. Raises UnusableFile where the rest of the file is unclear."""
    _refuse_overlong_lines(lines, delimiter, limits)
    try:
        rows = Packed(csv.reader(iter(lines), delimiter=delimiter, strict=True))
    except csv.Error:
        return _read_carefully(lines, delimiter)
    if len(rows) == len(lines):
        return Rows(rows, range(len(rows)), range(1, len(rows) + 1))
    return _read_carefully(lines, delimiter)


def _refuse_overlong_lines(lines: Sequence[str], delimiter: str, limits: Limits) -> None:
    if max(map(len, lines), default=0) <= limits.max_line_cells:
        return
    for at, line in enumerate(lines):
        if len(line) > limits.max_line_cells and line.count(delimiter) >= limits.max_line_cells:
            raise UnusableFile(
                f"Line {at + 1} has more than {limits.max_line_cells:,} cells. Check the delimiter and the line ends.",
                code=Code.NOT_A_TABLE,
                line=at + 1,
            )


def _read_carefully(lines: Sequence[str], delimiter: str) -> Rows:
    """Read record by record, with the lines of each, and go on after records that the C reader rejects."""
    rows, starts, stops = Packed[list[str]](), array("q"), array("q")
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


def _read_records(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, int, list[str] | None]]:
    """Yield (index of the first line, index after the last line, cells); cells are None where the row is malformed."""
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
    """A record that ends before line index `stop`. cells: None where text follows a closing quote."""

    cells: list[str] | None
    stop: int


def read_record(lines: Sequence[str], start: int, delimiter: str) -> Record:
    """Read the record that starts at line index `start` by the rules of RFC 4180, visiting every line once.

    Raises UnusableFile where it is unclear where the record ends: a quote is never closed, or quotes do not balance.
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
    """The text of a quoted cell, and the line index and position after its closing quote."""
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
    """The record of a row with text after a closing quote. Raises UnusableFile where its quotes do not balance, since
    no row after it can be trusted then.
    """
    if at > opened:
        raise _unclosed_quote(opened)
    text = "".join(lines[start : at + 1])
    if (text.count('"') - text.count('\\"')) % 2:
        raise UnusableFile(
            f"Line {at + 1} has text after a closing quote and an odd number of quotes, so its end is unclear. "
            f"{_ADVICE}",
            code=Code.QUOTING_UNCLEAR,
            line=at + 1,
        )
    return Record(None, at + 1)


def explain_malformed(text: str) -> str:
    """The reason for refusing a row as malformed, with what to do about it."""
    if '\\"' in text:
        return f'The row escapes quotes with a backslash (\\"). {_ADVICE}'
    return f"Text follows a closing quote. {_ADVICE}"


def refuse_unknown_quotes(rows: Sequence[Sequence[str]], first_line: int) -> None:
    """Raise UnusableFile where every cell is enclosed in quotes that CSV does not know, which would be stored."""
    cells = [cell for row in rows for cell in row if cell]
    for wrapper in _WRAPPERS:
        if cells and all(_is_wrapped(cell, wrapper) for cell in cells):
            raise UnusableFile(
                f"From line {first_line} on, every cell is enclosed in {wrapper[0]}…{wrapper[1]}, which would become "
                f'part of every name and answer. Save the file with double quotes ("…") or without quotes.',
                code=Code.QUOTING_UNCLEAR,
                line=first_line,
            )


def _is_wrapped(cell: str, wrapper: str) -> bool:
    return len(cell) > 1 and cell[0] == wrapper[0] and cell[-1] == wrapper[1]
