"""The options of an upload, and the limits on what reading a file may cost."""

from dataclasses import dataclass
from urllib.parse import urlencode

from schemas.uploads import Layout, Mode, OnConflict


@dataclass(frozen=True, slots=True)
class Options:
    """The query parameters of an upload. `None` and `auto` are detected; the file is refused where that is unclear.

    header: `auto`, `none` (the first row is a fact), or the three column names `SUBJECT,RELATION,ANSWER`. subject: the
    columns that make the subject of a wide table; relations: those that are its relations, all others by default, or
    all but those in `ignore`. sheet: the worksheet to read, or `all`. sent: the query as the caller wrote it.
    """

    mode: Mode = Mode.UPSERT
    on_conflict: OnConflict = OnConflict.REFUSE
    encoding: str | None = None
    delimiter: str | None = None
    header: str = "auto"
    layout: Layout = Layout.LONG
    subject: str | None = None
    relations: str | None = None
    ignore: str | None = None
    sheet: str | None = None
    sent: tuple[tuple[str, str], ...] = ()

    def offer(self, **changes: str | None) -> dict[str, str]:
        """What an error carries as `try`: the query that settles it, which is the one sent with some options changed.
        None takes an option out.
        """
        return {"try": self.change_query(**changes)}

    def change_query(self, **changes: str | None) -> str:
        """The query as sent with some options changed, percent-encoded."""
        chosen = {**dict(self.sent), **changes}
        return urlencode({name: value for name, value in chosen.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the size of one file and on the memory that reading it may take.

    max_field_chars: characters in one cell; a row with a longer cell is refused.
    max_lines: lines in a text file, blank ones included.
    max_line_cells: cells in one line; a file with a longer line is refused before its cells are built.
    max_expanded_bytes: bytes that a workbook or a Parquet file may expand to.
    max_reader_memory: bytes of address space for the process that reads a workbook or a Parquet file.
    """

    max_field_chars: int = 131_072
    max_lines: int = 10_000_000
    max_line_cells: int = 1_000_000
    max_expanded_bytes: int = 1 << 30
    max_reader_memory: int = 2 << 30
