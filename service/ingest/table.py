"""What a file becomes: columns of facts, the rows that were refused, and what was noticed on the way."""

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TextIO

from schemas.problems import Code
from schemas.uploads import Finding
from service.facts import Facts, Pair


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not in the table: its first line (1 is the file's first), why, and the row as it stands there."""

    line: int
    code: Code
    detail: str
    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """Where the three columns stand.

    cells: the header row as written, empty where the file has none; positions: of subject, relation and answer;
    names: what each column is called, `column N` where it has no name.
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


@dataclass(slots=True)
class Table:
    """What each format's reader hands on: rows with three non-empty cells, as read, and the rows it refused.

    text: the row behind the i-th entry of `columns` as it stands in the file.
    mentioned: the pairs that refused rows speak of, as far as they can be read.
    """

    columns: Facts
    text: Callable[[int], str]
    header: Header
    refused: list[RefusedRow] = field(default_factory=list)
    mentioned: set[Pair] = field(default_factory=set)
    blank_lines: int = 0
    encoding: str = "utf-8"
    delimiter: str | None = None
    samples: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class ParsedFile:
    """A file, read. len(accepted) + duplicate + conflicting + rejected = rows_read.

    refused holds the rejected, duplicate and conflicting rows in file order; mentioned the pairs of refused rows,
    which a partial replacement must not delete; pseudonyms the text behind each that a policy put in its place.
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
    media_type: str = ""
    pseudonyms: dict[str, str] = field(default_factory=dict)


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
        writer.writerow((row.line, row.code.value, row.detail, row.text if raw else _prepare_for_spreadsheet(row.text)))


def _prepare_for_spreadsheet(text: str) -> str:
    if len(text) > _SPREADSHEET_CELL:
        mark = f"… ({len(text):,} characters)"
        text = text[: _SPREADSHEET_CELL - len(mark) - 1] + mark
    return neutralise_formula(text)


def neutralise_formula(cell: str) -> str:
    """The cell with a leading ' where a spreadsheet would run it; a signed number is no formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(cell) else cell
