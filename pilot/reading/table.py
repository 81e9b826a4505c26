"""What a reader of a format gives: records of cells, and where a fact stands in them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Record = tuple[int, Sequence[str]]
"""The line a record begins on (1 is the file's first line) and its cells as text."""

LATE_QUOTE = re.compile('[ \u3000]+"')  # a space before the quote: whether it belongs to the cell is in doubt
CELL_LIMIT = 131_072


@dataclass(frozen=True, slots=True)
class FactTable:
    """The records below the header, and how the file was read.

    places: the indices of the subject, relation and answer columns; width: how many cells a well-formed record has;
    titles: the header, so that a repetition of it can be recognised. table_rows, empty_cells: the rows of a wide table
    and its cells without an answer; None for a long one.
    """

    records: Iterable[Record]
    places: tuple[int, int, int]
    width: int
    titles: list[str]
    encoding: str
    delimiter: str | None
    table_rows: int | None = None
    empty_cells: int | None = None


def trim(name: str) -> str:
    """Remove white space and stray byte order marks from both ends."""
    return name.strip().strip("\ufeff").strip()
