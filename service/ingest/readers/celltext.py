"""Typed cells (of workbooks and Parquet) as the text a person would type."""

import datetime as dt
from decimal import Decimal

# From here on a float no longer holds every integer, and its last digits would be invented.
_EXACT_INTEGERS = 2**53


def cell_text(value: object) -> str | None:
    """`12.0` -> `12`, dates in ISO 8601, booleans as spreadsheets show them; None where the value is not text."""
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
