"""What the caller states about a file; the rest is worked out from its bytes."""

from dataclasses import dataclass

from schemas.uploads import Layout, Mode, OnConflict


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How to read a file. None stands for what its bytes show.

    header: auto; none (the columns are subject, relation, answer); or three column names in that order, as A,B,C.
    subject, relations, ignore: column names of a wide table, as A,B. sheet: a worksheet's name, or all.
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
