"""Turning rows into facts: each row that cannot be a fact is refused by itself, with a code and its text.

Clean rows are never checked one by one: only rows with a suspicious value are, so a million rows take little time.
"""

import datetime as dt
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import compress
from operator import itemgetter

from schemas.problems import Code
from service.facts import Facts, Pair, is_blank, trimmed
from service.ingest.options import Limits
from service.ingest.readers.decode import SURROGATE
from service.ingest.table import Header, RefusedRow, Table
from service.packed import Packed, blocks_of

Row = list[str]
Refusal = tuple[Code, str]


@dataclass(frozen=True, slots=True)
class RawTable:
    """Rows of cells as a reader found them, without the header row.

    lines: the first line of each row. text: the i-th row as it is in the file. refusals: the rows that the reader
    itself refuses, by their index. bad_cells: the cells that it refuses, by the index of their row and their column; a
    row of a long table is refused with any of the three that it uses. has_gaps: an empty row between two others is a
    gap, as in a worksheet, and not a row without values (`,,` in a text file). scan: every cell has to be checked for
    NULs and bytes that did not decode.
    """

    rows: Sequence[Row]
    lines: Sequence[int]
    text: Callable[[int], str]
    refusals: dict[int, Refusal] = field(default_factory=dict)
    bad_cells: dict[int, dict[int, Refusal]] = field(default_factory=dict)
    has_gaps: bool = False
    scan: bool = False

    def refusal(self, at: int, columns: Iterable[int]) -> Refusal | None:
        """Why the reader refuses a row that is used in these columns; None where it does not."""
        if at in self.refusals:
            return self.refusals[at]
        bad = self.bad_cells.get(at, {})
        return next((bad[column] for column in columns if column in bad), None)


def sift(sheet: RawTable, header: Header, limits: Limits) -> Table:
    """Split the rows into facts, refused rows and blank rows, which are only counted."""
    judge = _RowChecker(sheet, header, limits)
    doubtful = sorted(judge.doubtful())
    dropped, blank = set[int](), 0
    refused, mentioned = list[RefusedRow](), set[Pair]()
    for at in doubtful:
        if judge.is_gap(at, doubtful):
            blank += 1
        elif refusal := judge.refusal(at):
            refused.append(RefusedRow(sheet.lines[at], *refusal, sheet.text(at)))
            if refusal[0] is not Code.HEADER_REPEATED:
                mentioned.update(read_pair(sheet.rows[at], header))
        else:
            continue
        dropped.add(at)
    marks = bytearray(at not in dropped for at in range(len(sheet.rows)))
    whole = judge.columns
    subjects, relations, answers = whole if not dropped else [Packed(compress(column, marks)) for column in whole]
    kept, text = array("q", compress(range(len(sheet.rows)), marks)), sheet.text
    columns = Facts(subjects, relations, answers, array("q", compress(sheet.lines, marks)))
    return Table(columns, lambda at: text(kept[at]), header, refused, mentioned, blank_lines=blank)


def read_pair(row: Row, header: Header) -> Iterator[Pair]:
    """Yield the pair of a refused row, if its cells still name one."""
    subject, relation, _ = header.positions
    if max(subject, relation) < len(row):
        pair = trimmed(row[subject]), trimmed(row[relation])
        if all(pair) and not _is_damaged(pair) and not _contains_nul(pair):
            yield pair


class _RowChecker:
    """Finds the rows that may not be facts, and explains what is wrong with a row."""

    def __init__(self, sheet: RawTable, header: Header, limits: Limits) -> None:
        self.sheet, self.header, self.limits = sheet, header, limits
        self._ragged, self.columns = set[int](), [Packed[str]() for _ in header.positions]
        self._split(sheet.rows, header.width)
        self._header_row = [trimmed(cell) for cell in header.cells]
        self._end: int | None = None

    def _split(self, rows: Sequence[Row], width: int) -> None:
        """Split the rows into the columns of a fact; in them a row that is not as wide as the header is empty."""
        before = 0
        for block in blocks_of(rows):
            if set(map(len, block)) != {width}:
                self._ragged.update(before + at for at, row in enumerate(block) if len(row) != width)
            whole = [row if len(row) == width else [""] * width for row in block] if self._ragged else block
            for column, place in zip(self.columns, self.header.positions, strict=True):
                column.extend(map(itemgetter(place), whole))
            before += len(block)

    def doubtful(self) -> set[int]:
        """A superset of the rows to refuse, found by a few passes over whole columns."""
        found = self._ragged | self.sheet.refusals.keys() | self.sheet.bad_cells.keys()
        if self.sheet.scan:
            found |= {at for at, row in enumerate(self.sheet.rows) if _contains_nul(row) or _is_damaged(row)}
        for place, cells in zip(self.header.positions, self.columns, strict=True):
            found.update(self._find_strange(cells, set(self.header.cells[place : place + 1])))
        return found

    def _find_strange(self, cells: Packed[str], titles: set[str]) -> Iterator[int]:
        """The places of cells that are blank, too long, or one of the titles."""
        before, limit = 0, self.limits.max_field_chars
        for block in cells.blocks():
            distinct = set(block)
            strange = {cell for cell in distinct if len(cell) > limit or not trimmed(cell)} | titles & distinct
            if strange:
                yield from (at for at, cell in enumerate(block, before) if cell in strange)
            before += len(block)

    def is_gap(self, at: int, doubtful: Sequence[int]) -> bool:
        """Whether a row does not count as one: a blank line, or delimiters alone after the last row with content."""
        row = self.sheet.rows[at]
        if self.sheet.refusal(at, self.header.positions) or not all(map(is_blank, row)):
            return False
        return self.sheet.has_gaps or len(row) <= 1 or at > self._last_content(doubtful)

    def _last_content(self, doubtful: Sequence[int]) -> int:
        if self._end is None:
            empty = {at for at in doubtful if all(map(is_blank, self.sheet.rows[at]))}
            self._end = next((at for at in reversed(range(len(self.sheet.rows))) if at not in empty), -1)
        return self._end

    def refusal(self, at: int) -> Refusal | None:
        """The gravest thing that is wrong with a row; None where nothing is."""
        row = self.sheet.rows[at]
        return (
            refuse_characters(row)
            or self.sheet.refusal(at, self.header.positions)
            or refuse_width(row, self.header.width)
            or self._refusal_of_cells(row)
        )

    def _refusal_of_cells(self, row: Row) -> Refusal | None:
        if self._header_row and [trimmed(cell) for cell in row] == self._header_row:
            return HEADER_REPEATED
        named = dict(zip(("subject", "relation", "answer"), self.header.positions, strict=True))
        limit = self.limits.max_field_chars
        for role, place in named.items():
            if refusal := refuse_length(role, row[place], limit):
                return refusal
        missing = [role for role, place in named.items() if is_blank(row[place])]
        return (Code.FIELD_MISSING, f"The row has no {' and no '.join(missing)}.") if missing else None


HEADER_REPEATED = (Code.HEADER_REPEATED, "The row repeats the header.")


def refuse_characters(cells: Sequence[str]) -> Refusal | None:
    """Why cells cannot be taught for their characters; None where they can."""
    if _is_damaged(cells):
        return Code.ROW_UNDECODABLE, (
            "The row has bytes or characters that do not decode (shown as \\xNN or \\uNNNN). "
            "Correct them where the file comes from."
        )
    if _contains_nul(cells):
        return Code.ROW_NUL, "The row has NUL characters. Export it again, or remove them."
    return None


def refuse_width(row: Sequence[str], width: int) -> Refusal | None:
    """Why a row that has more or fewer cells than the header is refused; None where it has as many."""
    if len(row) == width:
        return None
    return Code.ROW_RAGGED, (
        f"The row has {len(row)} cells where the header has {width}. "
        "Put cells that contain the delimiter in double quotes."
    )


def refuse_length(name: str, cell: str, limit: int) -> Refusal | None:
    """Why a cell that is longer than `limit` characters is refused; None where it is not. name: what the cell is."""
    if len(cell) <= limit:
        return None
    return Code.FIELD_TOO_LONG, f"The {name} has {len(cell):,} characters; at most {limit:,} are allowed."


def _is_damaged(row: Sequence[str]) -> bool:
    return any(map(SURROGATE.search, row))


def _contains_nul(row: Sequence[str]) -> bool:
    return any("\0" in cell for cell in row)


# From here on a float cannot represent every integer, so its last digits would be made up.
_EXACT_INTEGERS = 2**53


def format_cell(value: object) -> str | None:
    """Format a value as text: `12.0` as `12`, dates by ISO 8601, booleans as spreadsheets show them.

    None where the value has no textual form.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return (
            str(int(value)) if value.is_integer() and abs(value) < _EXACT_INTEGERS else repr(value).removesuffix(".0")
        )
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if _is_midnight(value) else value.isoformat()
    if isinstance(value, int | Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, dt.date | dt.time) else None


def _is_midnight(moment: dt.datetime) -> bool:
    return moment.time() == dt.time() and moment.tzinfo is None
