"""Pages of lists. A cursor is where a list goes on, sealed with what that list is of, so that it fits no other."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from service.errors import Unprocessable

_SEAL_DIGITS = 16
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_Item = TypeVar("_Item")


class Asked(NamedTuple):
    """Which page of a list a caller asks for: the first, or the one that an earlier page's cursor leads to."""

    cursor: str | None = None
    limit: int = 1000


def read_page(
    asked: Asked, of: Sequence[object], read: Callable[[int | None, int], Iterable[tuple[int, _Item]]]
) -> tuple[list[_Item], str | None]:
    """A page, and the cursor of the next one, if there is one.

    of: what the list is a list of. read: gives up to so many items behind a number (None: from the start), each with
    its own. Raises Unprocessable for a cursor of another list.
    """
    after = None if asked.cursor is None else open_number(asked.cursor, of)
    found = list(read(after, asked.limit + 1))
    page = found[: asked.limit]
    return [item for _, item in page], seal(page[-1][0], of) if len(found) > len(page) else None


def open_number(cursor: str, of: Sequence[object]) -> int:
    """The number in a cursor. Raises Unprocessable where it was not given for the list that `of` describes."""
    place = open_cursor(cursor, of)
    if not _NUMBER.fullmatch(place):
        raise _strange()
    return int(place)


def seal(place: object, of: Sequence[object]) -> str:
    """The cursor for a place, which is a number or a text, in the list that `of` describes."""
    return f"{place}~{_make_seal(str(place), of)}"


def open_cursor(cursor: str, of: Sequence[object]) -> str:
    """The place in a cursor. Raises Unprocessable where it was not given for the list that `of` describes."""
    place, _, seal = cursor.rpartition("~")
    if not place or seal != _make_seal(place, of):
        raise _strange()
    return place


def _strange() -> Unprocessable:
    return Unprocessable("this cursor was not given by an earlier page of the same list")


def _make_seal(place: str, of: Sequence[object]) -> str:
    described = json.dumps([place, *map(_describe, of)])
    return hashlib.sha256(described.encode()).hexdigest()[:_SEAL_DIGITS]


def _describe(part: object) -> str | int | None:
    return part if part is None or isinstance(part, str | int) else str(part)
