"""Read Parquet: every value as a person would type it."""

import datetime as dt
import math
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyarrow import parquet

from pilot.reading.decoding import BAD
from pilot.reading.table import Record

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EXACT = 2**53  # beyond it the last digits of a float mean nothing


def read_parquet(path: Path) -> Iterator[Record]:
    with parquet.ParquetFile(path) as file:
        table = file.read()
    yield 1, [str(name) for name in table.column_names]
    columns = [list(chain.from_iterable(map(_to_cells, column.chunks))) for column in table.columns]
    yield from enumerate(zip(*columns, strict=True), start=2)


def _to_cells(values: pa.Array) -> list[str]:
    """Return a column's values as text; BAD where a value has no exact text.

    Moments are computed here: Arrow's own texts cut the seconds of old offsets, and turn over at the ends of its range.
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _to_cells(values.dictionary_decode())
    if pa.types.is_timestamp(kind):
        zone = _find_zone(kind.tz) if kind.tz else None
        return [_to_moment(count, kind.unit, zone) for count in values.cast("int64").to_pylist()]
    if pa.types.is_date(kind):
        return [_to_day(days) for days in values.cast("date32").cast("int32").to_pylist()]
    if pa.types.is_time(kind):
        counts = values.cast("int32" if pa.types.is_time32(kind) else "int64").to_pylist()
        return [_to_moment(count, kind.unit, None).partition("T")[2] for count in counts]
    if pa.types.is_duration(kind):
        return [_to_duration(count, kind.unit) for count in values.cast("int64").to_pylist()]
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        narrow = kind.to_pandas_dtype()
        return ["" if value is None else _to_cell(float(str(narrow(value)))) for value in values.to_pylist()]
    if pa.types.is_decimal(kind):
        return ["" if value is None else format(value, "f") for value in values.to_pylist()]
    return [_to_cell(value) for value in values.to_pylist()]


def _find_zone(name: str) -> dt.tzinfo | None:
    """Return the zone of an offset such as +05:30 or of a name. Raises ValueError where there is none."""
    try:
        return dt.datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo if name[0] in "+-" else ZoneInfo(name)
    except KeyError as error:
        raise ValueError(*error.args) from None


def _to_moment(count: int | None, unit: str, zone: dt.tzinfo | None) -> str:
    """Return a moment that is so many units after 1970, in UTC, as ISO 8601 has it; BAD where no such year is."""
    if count is None:
        return ""
    seconds, fraction = divmod(count, _PER_SECOND[unit])
    try:
        moment = _EPOCH + dt.timedelta(seconds=seconds)
        text = (moment.astimezone(zone) if zone else moment.replace(tzinfo=None)).isoformat()
    except OverflowError:
        return BAD
    return text[:19] + _to_fraction(fraction, unit) + text[19:]


def _to_day(days: int | None) -> str:
    moment = _to_moment(None if days is None else days * 86_400, "s", None)
    return moment.removesuffix("T00:00:00")


def _to_fraction(count: int, unit: str) -> str:
    """Return a part of a second with a point and six digits, nine where it takes them, none where it is nothing."""
    digits = f"{count * 10**9 // _PER_SECOND[unit]:09d}"
    return "" if not count else f".{digits[:6]}" if digits.endswith("000") else f".{digits}"


def _to_duration(count: int | None, unit: str) -> str:
    if count is None:
        return ""
    seconds, fraction = divmod(abs(count), _PER_SECOND[unit])
    sign, minutes = "-" if count < 0 else "", seconds // 60
    return f"{sign}{minutes // 60}:{minutes % 60:02}:{seconds % 60:02}{_to_fraction(fraction, unit)}"


def _to_cell(value: object) -> str:
    """Return a value as a person would type it: 12 for 12.0, an ISO date, TRUE and FALSE."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and not math.isfinite(value):
        return BAD
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else str(value).removesuffix(".0")
    if isinstance(value, dt.datetime):
        return value.isoformat() if value.time() != dt.time() else value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return BAD if isinstance(value, bytes | list | dict) else "" if value is None else str(value)
