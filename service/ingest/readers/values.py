"""Arrow values as text: what a column holds, exactly, in the shortest form of its type."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from pyarrow import types

from schemas.problems import Code
from service.errors import UnusableFile
from service.ingest.readers.sift import format_cell

# Values as text. Those without a text that can be taught come second, by their place: what they are.
Texts = tuple[list[str], dict[int, str]]

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_OFFSET = re.compile(r"[+-]\d\d:?\d\d")
_OF_A_SECOND = len("2024-06-01T12:00:00")
_FIRST_DAY, _LAST_DAY = (day.toordinal() - dt.date(1970, 1, 1).toordinal() for day in (dt.date.min, dt.date.max))


def format_values(name: str, column: pa.Array) -> Texts:
    """Format the values of the column `name`; a null is an empty text.

    Equal values of a dictionary-encoded column are one object. Raises UnusableFile (422) for a time zone that is not
    known here.
    """
    if isinstance(column, pa.DictionaryArray):
        entries, strange = format_values(name, column.dictionary)
        places = column.indices.to_pylist()
        texts = ["" if at is None else entries[at] for at in places]
        return texts, {row: strange[at] for row, at in enumerate(places) if at in strange}
    if isinstance(column, pa.ExtensionArray):
        if column.type.extension_name == "arrow.uuid":
            return ["" if value is None else str(value) for value in column.to_pylist()], {}
        return format_values(name, column.storage)
    kind = column.type
    if types.is_string(kind) or types.is_large_string(kind):
        return [value or "" for value in column.to_pylist()], {}
    if types.is_floating(kind):
        return _format_floats(column)
    if types.is_timestamp(kind):
        return _format_moments(name, column)
    if types.is_date(kind):
        return _format_days(column.cast(pa.date32()).cast(pa.int32()).to_pylist())
    if types.is_time(kind) or types.is_duration(kind):
        width = pa.int32() if types.is_time32(kind) else pa.int64()
        digits = 2 if types.is_time(kind) else 1
        return _map(column.cast(width), lambda value: _format_time(value, _PER_SECOND[kind.unit], digits)), {}
    if types.is_decimal(kind):
        return _map(column, lambda value: f"{value:f}"), {}
    return _map(column, lambda value: format_cell(value) or ""), {}


def _map(column: pa.Array, to_text: Callable[[Any], str]) -> list[str]:
    return ["" if value is None else to_text(value) for value in column.to_pylist()]


def _format_floats(column: pa.Array) -> Texts:
    """The shortest decimal text that gives the value back at its own width, 16, 32 or 64 bits."""
    values = column.fill_null(0).to_numpy(zero_copy_only=False)
    doubles = values.tolist() if types.is_float64(column.type) else [float(str(value)) for value in values]
    texts = [format_cell(value) or "" for value in doubles]
    missing = column.is_null().to_numpy(zero_copy_only=False)
    strange = {int(at): f"{values[at]}, which is not a finite number" for at in np.flatnonzero(~np.isfinite(values))}
    return ["" if gone else text for text, gone in zip(texts, missing, strict=True)], strange


def _format_moments(name: str, column: pa.Array) -> Texts:
    """By ISO 8601, with the offset where the type has a time zone, and with nanoseconds where there are any."""
    unit, per_second = column.type.unit, _PER_SECOND[column.type.unit]
    zone = _find_zone(name, column.type.tz) if column.type.tz else None
    texts, strange = list[str](), dict[int, str]()
    for at, count in enumerate(column.cast(pa.int64()).to_pylist()):
        if count is None:
            texts.append("")
            continue
        try:
            moment = dt.datetime.fromtimestamp(count // per_second, zone or dt.UTC).isoformat()
        except (OverflowError, OSError, ValueError):  # outside the years 1 to 9999, in UTC or where the zone is
            texts.append(str(np.datetime64(count, unit)))
            strange[at] = f"{texts[-1]}, which is outside the years 1 to 9999"
            continue
        second, offset = moment[:_OF_A_SECOND], moment[_OF_A_SECOND:] if zone else ""
        texts.append(f"{second}{_format_fraction(count % per_second, per_second)}{offset}")
    return texts, strange


def _find_zone(name: str, zone: str) -> dt.tzinfo:
    if _OFFSET.fullmatch(zone):
        return dt.datetime.strptime(zone, "%z").tzinfo or dt.UTC
    try:
        return ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        raise UnusableFile(
            f"The column {name!r} has the time zone {zone!r}, which is not known. "
            "Write it with a zone of the IANA time zone database, or as text.",
            code=Code.NOT_A_TABLE,
        ) from None


def _format_days(days: Sequence[int | None]) -> Texts:
    texts = ["" if day is None else str(np.datetime64(day, "D")) for day in days]
    strange = {
        at: f"{texts[at]}, which is outside the years 1 to 9999"
        for at, day in enumerate(days)
        if day is not None and not _FIRST_DAY <= day <= _LAST_DAY
    }
    return texts, strange


def _format_time(value: int, per_second: int, digits: int) -> str:
    """Hours, minutes and seconds; a duration may have more than 24 hours, and less than none."""
    seconds, fraction = divmod(abs(value), per_second)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fine = _format_fraction(fraction, per_second)
    return f"{'-' * (value < 0)}{hours:0{digits}}:{minutes:02}:{seconds:02}{fine}"


def _format_fraction(count: int, per_second: int) -> str:
    """A fraction of a second as ISO 8601 writes it here: none, six digits, or nine where six do not say it all."""
    nanoseconds = f"{count * (10**9 // per_second):09}"
    return f".{nanoseconds.removesuffix('000')}" if count else ""
