"""API keys: made once, shown once, kept as a hash."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from schemas.base import Reply, Request


class Role(StrEnum):
    """admin may do everything; the others only what their name says, and see the dictionaries' figures."""

    ADMIN = "admin"
    INGEST = "ingest"
    QUERY = "query"
    REVIEW = "review"
    AUDIT = "audit"


class KeyCreate(Request):
    role: Role
    label: str = Field(default="", max_length=200)
    expires_at: datetime | None = None


class KeyInfo(Reply):
    id: str
    prefix: str
    role: Role
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyCreated(Reply):
    key: str
    info: KeyInfo


class KeyList(Reply):
    keys: list[KeyInfo]
