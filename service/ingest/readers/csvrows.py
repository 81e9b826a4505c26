"""Delimited text to rows with the physical line of each: csv.reader's rules, and a way on where it gives up.

The C reader takes the whole file in one go; only where it stops is a record read by hand (`quoting`).
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from schemas.problems import Code
from service.errors import UnusableFile
from service.ingest.options import Limits
from service.ingest.readers.decode import shown
from service.ingest.readers.quoting import explain_malformed, read_record
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


def physical_lines(text: str, limits: Limits) -> list[str]:
    """Lines with their ends: LF, CRLF or CR, whichever comes, mixed or not."""
    if max(text.count("\n"), text.count("\r")) > limits.max_lines:
        raise UnusableFile(f"The file has more than {limits.max_lines:,} lines. Split it.", code=Code.NOT_A_TABLE)
    return list(io.StringIO(text, newline=""))


def raw_text(lines: Sequence[str], start: int, stop: int) -> str:
    """Lines as they stand in the file, without the end of the last one."""
    return "".join(lines[start:stop]).removesuffix("\n").removesuffix("\r")


def read_rows(lines: list[str], delimiter: str, limits: Limits) -> Rows:
    """Every record of `lines`, blank ones included; raises UnusableFile where the rest of the file is in doubt."""
    _refuse_endless_lines(lines, delimiter, limits)
    rows: list[list[str]] = []
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    try:
        while part := list(islice(reader, ROWS_AT_ONCE)):
            rows += part
    except csv.Error:
        return _with_care(lines, delimiter)
    if len(rows) == len(lines):
        return Rows(rows, range(len(rows)), range(1, len(rows) + 1))
    return _with_care(lines, delimiter)


def _refuse_endless_lines(lines: list[str], delimiter: str, limits: Limits) -> None:
    if max(map(len, lines), default=0) <= limits.max_line_cells:
        return
    for at, line in enumerate(lines):
        if len(line) > limits.max_line_cells and line.count(delimiter) >= limits.max_line_cells:
            raise UnusableFile(
                f"Line {at + 1} has more than {limits.max_line_cells:,} cells. Check the delimiter and the line ends.",
                code=Code.NOT_A_TABLE,
                line=at + 1,
            )


def _with_care(lines: list[str], delimiter: str) -> Rows:
    """Keep the lines of every record, and go on past the records that the C reader refuses."""
    rows, starts, stops = list[list[str]](), list[int](), list[int]()
    broken = list[RefusedRow]()
    for start, stop, cells in _records(lines, delimiter):
        if cells is None:
            text = shown(raw_text(lines, start, stop))
            broken.append(RefusedRow(start + 1, Code.ROW_MALFORMED, explain_malformed(text), text))
        else:
            rows.append(cells)
            starts.append(start)
            stops.append(stop)
    return Rows(rows, starts, stops, broken)


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, int, list[str] | None]]:
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
