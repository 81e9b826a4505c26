"""API keys as they are kept: the SHA-256 of a random key, never the key."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from schemas.keys import KeyInfo, Role
from service.storage.changes import announce
from service.storage.jobs import is_made_by
from service.storage.stamps import now
from service.storage.tables import api_keys

_SHOWN = [api_keys.c[name] for name in KeyInfo.model_fields]


@dataclass(frozen=True, slots=True)
class Credential:
    """What an authenticator needs of one key that is not revoked."""

    id: str
    hash: bytes
    role: Role
    scoped: bool
    rate: str | None
    expires_at: datetime | None
    made_by: str | None


def add(tx: Connection, info: KeyInfo, digest: bytes, made_by: str | None = None) -> None:
    """Store a key. made_by: the attempt of a job that it was made for."""
    tx.execute(insert(api_keys).values(hash=digest, made_by=made_by, **info.model_dump()))
    announce(tx)


def list_page(tx: Connection, after: int | None, limit: int) -> list[tuple[int, KeyInfo]]:
    """Oldest first, each with its place in the list, from the place behind `after` on. No key ever leaves the list."""
    query = select(*_SHOWN).order_by(api_keys.c.created_at, api_keys.c.id)
    rows = tx.execute(query.offset(after or 0).limit(limit)).mappings()
    return [(place, _to_schema(row)) for place, row in enumerate(rows, (after or 0) + 1)]


def find(tx: Connection, key_id: str) -> KeyInfo | None:
    row = tx.execute(select(*_SHOWN).where(api_keys.c.id == key_id)).mappings().first()
    return None if row is None else _to_schema(row)


def revoke(tx: Connection, key_id: str) -> None:
    """Revoke the key: from the next change signal on it opens nothing. Revoking twice keeps the first time."""
    still_valid = (api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    tx.execute(update(api_keys).where(*still_valid).values(revoked_at=now()))
    announce(tx)


def revoke_made_by(tx: Connection, attempts: Collection[str]) -> None:
    """Revoke the keys that were made for these attempts, or for any attempt of these jobs."""
    valid = update(api_keys).where(api_keys.c.revoked_at.is_(None), is_made_by(api_keys.c.made_by, attempts))
    if tx.execute(valid.values(revoked_at=now())).rowcount:
        announce(tx)


def list_makers(tx: Connection) -> set[str]:
    """The attempts of jobs for which there are valid keys."""
    made = select(api_keys.c.made_by).where(api_keys.c.made_by.is_not(None), api_keys.c.revoked_at.is_(None))
    return set(tx.scalars(made))


def scope(tx: Connection, key_id: str) -> None:
    """Scope the key: from now on it reaches only what is granted to it."""
    tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(scoped=True))


def expire(tx: Connection, key_id: str, at: datetime) -> None:
    """Make the key expire at this time at the latest."""
    later = or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > at)
    tx.execute(update(api_keys).where(api_keys.c.id == key_id, later).values(expires_at=at))
    announce(tx)


def list_credentials(tx: Connection) -> list[Credential]:
    rows = tx.execute(select(api_keys).where(api_keys.c.revoked_at.is_(None)))
    return [
        Credential(row.id, row.hash, Role(row.role), row.scoped, row.rate, row.expires_at, row.made_by) for row in rows
    ]


def mark_used(tx: Connection, used: Mapping[str, datetime]) -> None:
    """Write when each key was last used. No change is announced: no cache depends on it."""
    at = update(api_keys).where(api_keys.c.id == bindparam("key")).values(last_used_at=bindparam("used"))
    tx.execute(at, [{"key": key, "used": used_at} for key, used_at in used.items()])


def _to_schema(row: Mapping[Any, Any]) -> KeyInfo:
    return KeyInfo.model_validate(dict(row))
