"""API keys: random, shown once, kept as a hash; the bootstrap key that lets the first admin in; and sign-in sessions.

A browser, which cannot send an API key with a link, holds a cookie made from one. The cookie names the key and when it
ends, under a MAC whose secret is the key's stored hash: every process can check it, nothing is stored, and it is
worthless once the key is revoked.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from schemas.keys import KeyCreate, KeyCreated, KeyInfo, KeyList, KeyRotate
from service.errors import NotFound, Unprocessable
from service.settings import Settings
from service.storage import Database, Transaction, grants, idempotency, keys
from service.storage.stamps import new_id, now
from service.workflows.audit import Act, Auditor, Event
from service.workflows.cursors import Asked, read_page

SHOWN = 12  # characters of a key that stay visible, to tell keys apart


def create(
    db: Database, auditor: Auditor, wanted: KeyCreate, by: str, idempotency_key: str | None = None
) -> KeyCreated:
    """Make a key. The reply is the only place where the key itself is ever shown. Raises Unprocessable, Conflict
    (idempotency_key_reused).
    """
    request = idempotency.Request.of(by, idempotency_key, f"keys {wanted.model_dump_json()}")
    with db.writing() as tx:
        if earlier := idempotency.earlier_reply(tx, None, request):
            return _show_again(tx, auditor, earlier)
        return add_key(tx, auditor, wanted, by, request)


def add_key(  # noqa: PLR0917 - what it works with, and what is wanted
    tx: Transaction,
    auditor: Auditor,
    wanted: KeyCreate,
    by: str,
    request: idempotency.Request | None = None,
    made_by: str | None = None,
) -> KeyCreated:
    """Make a key within `tx`; it is the reply to this request. made_by: the attempt of a job that it is made for.
    Raises Unprocessable.
    """
    made, seed = _new(auditor, wanted, replaces=None)
    keys.add(tx, made.info, digest(made.key.encode()), made_by)
    idempotency.keep(tx, None, request, {"key": made.info.id, "seed": seed})
    _record(tx, auditor, by, "created", made.info)
    return made


def rotate(  # noqa: PLR0917 - what it works with, and what is wanted
    db: Database, auditor: Auditor, key_id: str, wanted: KeyRotate, by: str, idempotency_key: str | None = None
) -> KeyCreated:
    """Make a key with the rights, the rate and the expiry of an old one, which expires when the overlap ends. Raises
    NotFound, Conflict (idempotency_key_reused).
    """
    request = idempotency.Request.of(by, idempotency_key, f"rotate {key_id} {wanted.model_dump_json()}")
    with db.writing() as tx:
        if earlier := idempotency.earlier_reply(tx, None, request):
            return _show_again(tx, auditor, earlier)
        old = keys.find(tx, key_id)
        if old is None or old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now()):
            raise NotFound("no valid key has this id")
        expires = wanted.expires_at or old.expires_at
        like = KeyCreate(role=old.role, label=old.label, expires_at=expires, scoped=old.scoped, rate=old.rate)
        made, seed = _new(auditor, like, replaces=old.id)
        keys.add(tx, made.info, digest(made.key.encode()))
        grants.copy(tx, old.id, made.info.id)
        keys.expire(tx, old.id, now() + timedelta(seconds=wanted.overlap_seconds))
        idempotency.keep(tx, None, request, {"key": made.info.id, "seed": seed})
        _record(tx, auditor, by, "rotated", made.info)
    return made


def list_keys(db: Database, asked: Asked) -> KeyList:
    with db.reading() as tx:
        page, cursor = read_page(asked, ["keys"], partial(keys.list_page, tx))
    return KeyList(keys=page, cursor=cursor)


def revoke(db: Database, auditor: Auditor, key_id: str, by: str) -> KeyInfo:
    with db.writing() as tx:
        keys.revoke(tx, key_id)
        info = keys.find(tx, key_id)
        if info is None:
            raise NotFound("no such key")
        _record(tx, auditor, by, "revoked", info)
    return info


def digest(key: bytes) -> bytes:
    """The hash under which a key is kept. Its 256 random bits need no slow hash."""
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


def _new(auditor: Auditor, wanted: KeyCreate, replaces: str | None) -> tuple[KeyCreated, str]:
    """A key that is not stored yet, and the random seed that it was derived from."""
    seed = secrets.token_urlsafe(32)
    key = _derive(auditor, seed)
    info = KeyInfo(
        id=new_id("key"),
        prefix=key[:SHOWN],
        role=wanted.role,
        label=wanted.label,
        scoped=wanted.scoped,
        rate=wanted.rate,
        replaces=replaces,
        created_at=now(),
        expires_at=_expiry(wanted.expires_at),
        revoked_at=None,
        last_used_at=None,
    )
    return KeyCreated(key=key, info=info), seed


def _derive(auditor: Auditor, seed: str) -> str:
    """The key that a seed stands for. Only whoever holds the audit secret, which is in no database, can derive it."""
    derived = hmac.new(auditor.chain.key("api keys"), seed.encode(), hashlib.sha256).digest()
    return f"fsk_{base64.urlsafe_b64encode(derived).decode().rstrip('=')}"


def _show_again(tx: Transaction, auditor: Auditor, earlier: Mapping[str, str]) -> KeyCreated:
    """The reply that made a key. Where a request came with an Idempotency-Key the seed is kept, and no key."""
    info = keys.find(tx, earlier["key"])
    if info is None:
        raise NotFound("no such key")
    return KeyCreated(key=_derive(auditor, earlier["seed"]), info=info)


def _record(tx: Transaction, auditor: Auditor, by: str, what: str, info: KeyInfo) -> None:
    details = {"key": info.id, "what": what, "role": info.role.value, "scoped": info.scoped, "replaces": info.replaces}
    auditor.record(tx, Event(Act.KEY, by, details=details))


def _expiry(expires_at: datetime | None) -> datetime | None:
    """The time at which a key expires, in UTC where it has no zone. Raises Unprocessable for a time in the past."""
    if expires_at is None:
        return None
    zoned = expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC)
    if zoned <= now():
        raise Unprocessable("expires_at lies in the past")
    try:
        return zoned.astimezone(UTC)
    except OverflowError:
        raise Unprocessable("expires_at lies beyond the year 9999") from None


LIFETIME = 8 * 3600  # seconds
COOKIE = "factstore_session"


def seal_session(key: str, digest: bytes, ends: int) -> str:
    """The session of the key with this id and hash, until `ends` (seconds since the epoch)."""
    return f"{key}.{ends}.{_mac(key, digest, ends)}"


def session_key(session: str) -> str:
    """The id of the key that a session claims to be of."""
    return session.partition(".")[0]


def session_holds(session: str, digest: bytes, now: float) -> bool:
    """Whether the session was sealed with this hash and has not ended."""
    key, _, rest = session.partition(".")
    ends, _, mac = rest.partition(".")
    if not (ends.isascii() and ends.isdigit() and len(ends) < 12):
        return False
    return hmac.compare_digest(mac.encode(), _mac(key, digest, int(ends)).encode()) and now < int(ends)


def _mac(key: str, digest: bytes, ends: int) -> str:
    return hmac.new(digest, f"session {key} {ends}".encode(), hashlib.sha256).hexdigest()
