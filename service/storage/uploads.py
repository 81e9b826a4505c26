"""Uploads: their receipts, and the rows that were refused, exactly as they stood in the file. An edit is an upload
without a file: its facts name it, but it has no receipt and is not listed.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from schemas.uploads import Receipt
from service.storage.bulk import fetch_rows, insert_rows
from service.storage.database import newest, ring
from service.storage.tables import refused, uploads
from service.storage.tables.reviews import reviews

Refused = tuple[int, str, str, str]  # line, code, detail, text
FILE, EDIT = "file", "edit"


def add(tx: Connection, dictionary: int, receipt: Receipt, by: str) -> int:
    """Store the receipt and return the upload's number, which its facts carry. A training is likely to follow: the
    worker gets ready for it.
    """
    ring(tx)
    values = {"id": receipt.id, "dictionary": dictionary, "created_at": receipt.created_at, "by": by, "kind": FILE}
    added = insert(uploads).values(receipt=receipt.model_dump(mode="json"), **values).returning(uploads.c.number)
    return int(tx.execute(added).scalar_one())


def add_edit(tx: Connection, dictionary: int, edit: str, at: datetime, by: str) -> int:
    """Store an edit and return the number that its facts carry."""
    values = {"id": edit, "dictionary": dictionary, "created_at": at, "by": by, "kind": EDIT, "receipt": None}
    return int(tx.execute(insert(uploads).values(values).returning(uploads.c.number)).scalar_one())


def amend(tx: Connection, receipt: Receipt) -> None:
    """Replace the receipt by its final state, at the end of its commit."""
    kept = receipt.model_dump(mode="json")
    tx.execute(update(uploads).where(uploads.c.id == receipt.id).values(receipt=kept))


def add_refused(tx: Connection, upload: int, rows: Sequence[Refused]) -> None:
    numbered = ((upload, *row) for row in rows)
    insert_rows(tx, refused, ("upload", "line", "code", "detail", "text"), numbered, len(rows))


def list_receipts(tx: Connection, dictionary: int, before: int | None, limit: int) -> list[tuple[int, Receipt]]:
    """The receipts of a dictionary's files with their numbers, newest first, from the number below `before` on."""
    query = select(uploads.c.number, uploads.c.receipt)
    query = query.where(uploads.c.dictionary == dictionary, uploads.c.kind == FILE)
    return [(row[0], to_receipt(row[1])) for row in tx.execute(newest(query, uploads.c.number, before, limit))]


def find(tx: Connection, dictionary: int, upload_id: str) -> Receipt | None:
    query = select(uploads.c.receipt).where(uploads.c.dictionary == dictionary, uploads.c.id == upload_id)
    receipt = tx.scalar(query)
    return None if receipt is None else to_receipt(receipt)


def to_receipt(kept: dict[str, Any]) -> Receipt:
    """A kept receipt; those written before uploads moved the champion name no memory."""
    return Receipt.model_validate({"memory": None} | kept)


def read_refused(tx: Connection, upload_id: str) -> Iterator[Refused]:
    """The refused rows of an upload, in file order."""
    query = select(refused.c.line, refused.c.code, refused.c.detail, refused.c.text)
    query = query.join(uploads, uploads.c.number == refused.c.upload).where(uploads.c.id == upload_id)
    for rows in fetch_rows(tx, query.order_by(refused.c.number)):
        yield from rows


_REVIEWED = ("id", "state", "memory", "by", "created_at", "decided_by", "decided_at")


def find_sender(tx: Connection, upload_id: str) -> str | None:
    """The id of the key that sent this upload."""
    return tx.scalar(select(uploads.c.by).where(uploads.c.id == upload_id))


def list_reviews(tx: Connection, dictionary: int, subject: str, relation: str) -> list[Row[Any]]:
    """id, state, memory, by, created_at, decided_by, decided_at of each review of the pair, oldest first."""
    of_pair = (reviews.c.dictionary == dictionary, reviews.c.subject == subject, reviews.c.relation == relation)
    query = select(*(reviews.c[name] for name in _REVIEWED)).where(*of_pair)
    return list(tx.execute(query.order_by(reviews.c.number)))
