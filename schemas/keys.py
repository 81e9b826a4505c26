"""API keys: made once, shown once, kept as a hash."""

import re
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.base import Flag, Moment, Reply, Request, Whole, document

A_YEAR = 365 * 24 * 3600
SHORTEST_KEY = 32  # characters of a key that an operator may choose
_PART = "[1-9][0-9]{0,8} ?(/| per ) ?([1-9][0-9]{0,5} ?)?(second|minute|hour|day|month|year)s?"
RATE = f"^(unlimited|{_PART}(; ?{_PART})*)$"
"""What a rate reads like: every part of it holds. It counts from 1, since a key that may send nothing is revoked."""


def check_rate(rate: str) -> str:
    """The rate, if it can be read. Raises ValueError."""
    if not re.fullmatch(RATE, rate):
        raise ValueError("a rate reads like 1000/minute, 5 per 2 seconds, 5/second;1000/hour, or unlimited")
    return rate


Rate = Annotated[str, Field(max_length=100, json_schema_extra={"pattern": RATE}), AfterValidator(check_rate)]


KEY = re.compile("fsk_[A-Za-z0-9_-]{9,}")
"""What an API key reads like. Its first 12 characters may be shown, to tell keys apart."""


def holds_key(text: str, known: Collection[str] = ()) -> bool:
    """Whether the text holds what reads like an API key, or one of the `known` ones, which may be any text."""
    return KEY.search(text) is not None or any(key in text for key in known if len(key) >= SHORTEST_KEY)


class Role(StrEnum):
    """admin may do everything; the others only what their name says, and see the dictionaries' figures."""

    ADMIN = "admin"
    INGEST = "ingest"
    QUERY = "query"
    REVIEW = "review"
    AUDIT = "audit"


class KeyCreate(Request):
    """A `scoped` key reaches only the dictionaries granted to it. `rate` reads like `1000/minute` or
    `5/second;1000/hour`, of which every part holds; the setting's where it is left out.
    """

    model_config = document(
        {
            "role": "query",
            "label": "till 3",
            "scoped": True,
            "rate": "5/second;1000/hour",
            "expires_at": "2099-12-31T00:00:00Z",
        }
    )

    role: Role
    label: str = Field(default="", max_length=200)
    expires_at: Moment | None = None
    scoped: Flag = False
    rate: Rate | None = None


class KeyRotate(Request):
    """The old key stays valid for `overlap_seconds`. The new one ends when the old one would have, unless
    `expires_at` says otherwise.
    """

    model_config = document({"overlap_seconds": 3600})

    overlap_seconds: Whole = Field(default=24 * 3600, ge=0, le=A_YEAR)
    expires_at: Moment | None = None


class KeyInfo(Reply):
    """`replaces` is the id of the key that this one was rotated from."""

    id: str
    prefix: str
    role: Role
    label: str
    scoped: bool
    rate: str | None
    replaces: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyCreated(Reply):
    key: str
    info: KeyInfo


class KeyList(Reply):
    keys: list[KeyInfo]
    cursor: str | None
