"""API keys: made once, shown once, kept as a hash."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from schemas.base import Reply, Request

A_YEAR = 365 * 24 * 3600


class Role(StrEnum):
    """admin may do everything; the others only what their name says, and see the dictionaries' figures."""

    ADMIN = "admin"
    INGEST = "ingest"
    QUERY = "query"
    REVIEW = "review"
    AUDIT = "audit"


class KeyCreate(Request):
    """A `scoped` key reaches only the dictionaries granted to it. `rate` reads like `1000/minute`; the setting's where
    it is left out.
    """

    role: Role
    label: str = Field(default="", max_length=200)
    expires_at: datetime | None = None
    scoped: bool = False
    rate: str | None = Field(default=None, max_length=40)


class KeyRotate(Request):
    """The old key stays valid for `overlap_seconds`. The new one ends when the old one would have, unless
    `expires_at` says otherwise.
    """

    overlap_seconds: int = Field(default=24 * 3600, ge=0, le=A_YEAR)
    expires_at: datetime | None = None


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
