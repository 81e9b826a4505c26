"""What the caller may say about a file, and what a file may cost."""

from dataclasses import dataclass

from schemas.uploads import Mode, OnConflict


@dataclass(frozen=True, slots=True)
class Options:
    """The query of an upload. `None` and `auto` mean: find out, and refuse when that is unclear.

    header: `auto`, `none` (the first row is a fact), or the three column names `SUBJECT,RELATION,ANSWER`.
    """

    mode: Mode = Mode.UPSERT
    on_conflict: OnConflict = OnConflict.REFUSE
    encoding: str | None = None
    delimiter: str | None = None
    header: str = "auto"


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps that keep one file from costing more than a file should.

    max_field_chars: characters in one cell; a longer cell refuses its row.
    max_lines: lines of a text file, blank ones included.
    max_line_cells: cells in one line; more refuse the file before anything is built from them.
    max_expanded_bytes: what a workbook or a Parquet file may expand to.
    max_reader_memory: bytes of address space for the process that reads a workbook or a Parquet file.
    """

    max_field_chars: int = 131_072
    max_lines: int = 10_000_000
    max_line_cells: int = 1_000_000
    max_expanded_bytes: int = 1 << 30
    max_reader_memory: int = 2 << 30
