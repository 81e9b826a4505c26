"""Replies kept under the caller's Idempotency-Key, in the same commit as what they acknowledge."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from schemas.problems import Code
from service.errors import Conflict
from service.storage.stamps import now
from service.storage.tables import idempotency

KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Request:
    """Who sent which key, and the SHA-256 of the whole request."""

    by: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, by: str, key: str | None, content: str) -> "Request | None":
        """The request under this key; None where no key was sent. `content`: the request as text."""
        return None if key is None else cls(by, key, hashlib.sha256(content.encode()).hexdigest())


def earlier_reply(tx: Connection, dictionary: int | None, request: Request | None) -> dict[str, Any] | None:
    """The reply that this very request got before; `dictionary` is None where it is about none. Raises Conflict when
    the key came with another request.
    """
    if request is None:
        return None
    kept = select(idempotency.c.fingerprint, idempotency.c.reply)
    mine = (idempotency.c.dictionary == dictionary, idempotency.c.by == request.by, idempotency.c.key == request.key)
    row = tx.execute(kept.where(*mine)).first()
    if row is None:
        return None
    if row.fingerprint != request.fingerprint:
        raise Conflict("this Idempotency-Key came with another request", code=Code.IDEMPOTENCY_KEY_REUSED)
    reply: dict[str, Any] = row.reply
    return reply


def keep(tx: Connection, dictionary: int | None, request: Request | None, reply: dict[str, Any]) -> None:
    if request is not None:
        values = {"by": request.by, "key": request.key, "fingerprint": request.fingerprint}
        tx.execute(insert(idempotency).values(dictionary=dictionary, reply=reply, at=now(), **values))


def has_old(tx: Connection) -> bool:
    """Whether `forget_old` would find something."""
    return tx.scalar(select(idempotency.c.number).where(idempotency.c.at < now() - KEPT).limit(1)) is not None


def forget_old(tx: Connection) -> None:
    """Delete replies older than `KEPT`: their keys may be used again."""
    tx.execute(delete(idempotency).where(idempotency.c.at < now() - KEPT))
