"""Who sent an upload, and who judged a pair: what an auditor sets beside an answer."""

from typing import Any

from sqlalchemy import Connection, Row, select

from service.storage.tables import uploads
from service.storage.tables.reviews import reviews

_REVIEWED = ("id", "state", "memory", "by", "created_at", "decided_by", "decided_at")


def sender(tx: Connection, upload_id: str) -> str | None:
    """The id of the key that sent this upload."""
    return tx.scalar(select(uploads.c.by).where(uploads.c.id == upload_id))


def reviews_of(tx: Connection, dictionary: int, subject: str, relation: str) -> list[Row[Any]]:
    """id, state, memory, by, created_at, decided_by, decided_at of each review of the pair, oldest first."""
    of_pair = (reviews.c.dictionary == dictionary, reviews.c.subject == subject, reviews.c.relation == relation)
    query = select(*(reviews.c[name] for name in _REVIEWED)).where(*of_pair)
    return list(tx.execute(query.order_by(reviews.c.number)))
