"""What the caller says about the file; everything left out is worked out from the bytes."""

from dataclasses import dataclass

from schemas.uploads import Mode, OnConflict


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """`header`: auto, none (the columns are subject, relation, answer), or three column names in that order: A,B,C."""

    mode: Mode = Mode.UPSERT
    on_conflict: OnConflict = OnConflict.REFUSE
    encoding: str | None = None
    delimiter: str | None = None
    header: str = "auto"
