"""API keys: random, shown once, kept as a hash; and the bootstrap key that lets the first admin in."""

import hashlib
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from schemas.keys import KeyCreate, KeyCreated, KeyInfo, KeyList
from service.errors import NotFound, Unprocessable
from service.settings import Settings
from service.storage import Database, keys
from service.storage.stamps import new_id, now

SHOWN = 12  # characters of a key that stay visible, to tell keys apart


def create(db: Database, wanted: KeyCreate) -> KeyCreated:
    """The only time that the key itself is seen."""
    key = f"fsk_{secrets.token_urlsafe(32)}"
    info = KeyInfo(
        id=new_id("key"),
        prefix=key[:SHOWN],
        role=wanted.role,
        label=wanted.label,
        created_at=now(),
        expires_at=_expiry(wanted.expires_at),
        revoked_at=None,
        last_used_at=None,
    )
    with db.writing() as tx:
        keys.add(tx, info, digest(key.encode()))
    return KeyCreated(key=key, info=info)


def listed(db: Database) -> KeyList:
    with db.reading() as tx:
        return KeyList(keys=keys.listed(tx))


def revoke(db: Database, key_id: str) -> KeyInfo:
    with db.writing() as tx:
        keys.revoke(tx, key_id)
        info = keys.find(tx, key_id)
    if info is None:
        raise NotFound("no such key")
    return info


def digest(key: bytes) -> bytes:
    """What is kept of a key. Its 256 random bits need no slow hash."""
    return hashlib.sha256(key).digest()


def bootstrap_key(settings: Settings) -> tuple[str, Path | None]:
    """The admin key that needs no database row, and the file it was written to if this is the first start."""
    if settings.bootstrap_key is not None:
        return settings.bootstrap_key.get_secret_value(), None
    path = settings.data / "bootstrap.key"
    if path.exists():
        return path.read_text().strip(), None
    key = f"fsk_{secrets.token_urlsafe(32)}"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{key}\n")
    return key, path


def _expiry(expires_at: datetime | None) -> datetime | None:
    """A time without a zone is UTC; a key that has already expired is a mistake."""
    if expires_at is None:
        return None
    zoned = expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC)
    if zoned <= now():
        raise Unprocessable("expires_at lies in the past")
    return zoned.astimezone(UTC)
