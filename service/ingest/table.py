"""What reading a file yields: columns of facts, refused rows, which `write_refused` exports, and findings."""

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TextIO

from schemas.problems import Code
from schemas.uploads import Finding, Layout
from service.facts import Facts, Pair


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was refused.

    line: its first line in the file, from 1. code, detail: why it was refused. text: the row as it is in the file.
    """

    line: int
    code: Code
    detail: str
    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a file: which of its columns are subject, relation and answer.

    cells: the header row as written; empty where the file has none. positions: the columns of subject, relation and
    answer, from 0. names: the name of every column, `column N` for one without a name.
    """

    cells: list[str]
    positions: tuple[int, int, int]
    names: list[str]

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def columns(self) -> dict[str, str]:
        roles = ("subject", "relation", "answer")
        return {role: self.names[at] for role, at in zip(roles, self.positions, strict=True)}

    @property
    def ignored(self) -> list[str]:
        return [name for at, name in enumerate(self.names) if at not in self.positions]

    def select(self) -> "Header":
        """The header of a table that has only the columns that are read, in their order, and no header row."""
        return Header([], (0, 1, 2), [self.names[at] for at in self.positions])


@dataclass(frozen=True, slots=True)
class WideHeader:
    """The header of a wide table: which of its columns make the subject, and which are relations.

    cells: the header as written, of two rows joined. subjects, relations: columns, from 0. names: the name of every
    column. unnamed: columns without a name, which must be empty.
    """

    cells: list[str]
    subjects: tuple[int, ...]
    relations: tuple[int, ...]
    names: list[str]
    unnamed: tuple[int, ...] = ()

    @property
    def positions(self) -> tuple[int, ...]:
        """The columns that are read."""
        return (*self.subjects, *self.relations)

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def columns(self) -> dict[str, str]:
        return {"subject": "/".join(self.names[at] for at in self.subjects)}

    @property
    def ignored(self) -> list[str]:
        used = {*self.positions, *self.unnamed}
        return [name for at, name in enumerate(self.names) if at not in used]

    def select(self) -> "WideHeader":
        """The header of a table that has only the columns that are read, in their order, and no header row."""
        keys, width = len(self.subjects), len(self.positions)
        names = [self.names[at] for at in self.positions]
        return WideHeader([], tuple(range(keys)), tuple(range(keys, width)), names)


AnyHeader = Header | WideHeader


@dataclass(slots=True)
class Table:
    """What the reader of a format returns: its facts, one from each row of a long table or each filled cell of a wide
    one, and what it refused.

    rows, empty_cells: the rows of a wide table and its cells without an answer; None for a long one. text: the row that
    the i-th fact is from, as it is in the file. mentioned: the pairs of refused rows, where they can be read. samples:
    a few lines by which a person sees whether the file was read correctly.
    """

    columns: Facts
    text: Callable[[int], str]
    header: AnyHeader
    refused: list[RefusedRow] = field(default_factory=list)
    mentioned: set[Pair] = field(default_factory=set)
    blank_lines: int = 0
    encoding: str = "utf-8"
    delimiter: str | None = None
    samples: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: int | None = None
    empty_cells: int | None = None


@dataclass(slots=True)
class ParsedFile:
    """A file that was read and counted: len(accepted) + duplicate + conflicting + rejected = rows_read.

    refused: the rejected, duplicate and conflicting rows in file order. mentioned: the pairs of refused rows, which a
    partial replacement must not delete. pseudonyms: the original text behind each new pseudonym.
    """

    accepted: Facts
    refused: list[RefusedRow]
    rows_read: int
    duplicate: int
    conflicting: int
    rejected: int
    blank_lines: int
    encoding: str
    delimiter: str | None
    header: list[str]
    columns: dict[str, str]
    ignored_columns: list[str]
    decoded_samples: list[str]
    findings: list[Finding]
    mentioned: set[Pair]
    layout: Layout
    table_rows: int | None
    empty_cells: int | None
    media_type: str = ""
    pseudonyms: dict[str, str] = field(default_factory=dict)


FIELDS = ("line", "code", "detail", "text")
# Spreadsheets run cells that begin with =, +, - or @, in half or full width, as formulas. Where another character than
# the comma parts the columns, as `;` does in much of Europe, a cell is several, and any of them may begin so.
_BETWEEN_CELLS = ",;|\t\r\n"
_SIGNED_NUMBER = rf"[+-][0-9]+([.,][0-9]+)?[ ]*(\Z|[{_BETWEEN_CELLS}])"
_FORMULA = re.compile(rf'(?:(?<=[{_BETWEEN_CELLS}])|\A)([\s\ufeff\u200b"]*)(?=[=+@＝＋－＠-])(?!{_SIGNED_NUMBER})')
_ODD_STARTS = ("\t", "\r", "\n")
_SPREADSHEET_CELL = 32_767


def write_refused(rows: Iterable[RefusedRow], out: TextIO, raw: bool = False) -> None:
    """Write refused rows as CSV with their line, code, reason and text to `out`, which is opened with newline="".

    raw: write each text exactly as it was. Otherwise the file is safe to open in a spreadsheet: a leading ' keeps
    formulas from running, and a text longer than Excel's cells is cut and its length added.
    """
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    for row in rows:
        writer.writerow((row.line, row.code.value, row.detail, row.text if raw else _prepare_for_spreadsheet(row.text)))


def _prepare_for_spreadsheet(text: str) -> str:
    if len(text) > _SPREADSHEET_CELL:
        mark = f"… ({len(text):,} characters)"
        text = text[: _SPREADSHEET_CELL - len(mark) - 1] + mark
    return neutralise_formula(text)


def neutralise_formula(cell: str) -> str:
    """Put a ' before whatever a spreadsheet would run as a formula, be it the cell or what its own delimiter leaves of
    it; signed numbers stay as they are.
    """
    safe = _FORMULA.sub(r"\1'", cell)
    return f"'{safe}" if safe.startswith(_ODD_STARTS) else safe
