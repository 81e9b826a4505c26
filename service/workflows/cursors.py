"""Cursors: where a list goes on, sealed with what it is a list of, so that none leads on in another one."""

import hashlib
import json
from collections.abc import Sequence

from service.errors import Unprocessable

_SEAL_DIGITS = 16


def seal(place: object, of: Sequence[object]) -> str:
    """The cursor for a place, which is a number or a text, in the list that `of` describes."""
    return f"{place}~{_make_seal(str(place), of)}"


def open_cursor(cursor: str, of: Sequence[object]) -> str:
    """The place in a cursor. Raises Unprocessable where it was not given for the list that `of` describes."""
    place, _, seal = cursor.rpartition("~")
    if not place or seal != _make_seal(place, of):
        raise Unprocessable("this cursor was not given by an earlier page of the same list")
    return place


def _make_seal(place: str, of: Sequence[object]) -> str:
    described = json.dumps([place, *map(_describe, of)])
    return hashlib.sha256(described.encode()).hexdigest()[:_SEAL_DIGITS]


def _describe(part: object) -> str | int | None:
    return part if part is None or isinstance(part, str | int) else str(part)
