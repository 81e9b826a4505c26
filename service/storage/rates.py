"""Rates as they are counted: for each part of a key's rate the window under way, and how much of it was handed out."""

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.storage.database import Database
from service.storage.tables.access import rate_windows


class LeaseRequest(NamedTuple):
    """Up to `part` of the `amount` requests that may be sent in the window that begins at `start`. `key` names the
    part of an API key's rate that the window is of.
    """

    key: str
    start: int
    amount: int
    part: int


def open_counters(db: Database, path: Path) -> Database:
    """Where rates are counted: with SQLite a file of their own, because the ledger's single writer may hold its lock
    for seconds, and no recall may wait for that.
    """
    if not db.is_sqlite:
        return db
    own = Database.of_file(path)
    with own.writing() as tx:
        rate_windows.create(tx, checkfirst=True)
    return own


def lease(tx: Connection, wanted: LeaseRequest) -> int:
    """Hand out requests of a window and return how many; 0 where none are left or a later window has begun."""
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    tx.execute(insert(rate_windows).values(key=wanted.key, start=wanted.start, taken=0).on_conflict_do_nothing())
    mine = rate_windows.c.key == wanted.key
    row = tx.execute(select(rate_windows).where(mine).with_for_update()).one()
    if row.start > wanted.start:
        return 0
    taken = row.taken if row.start == wanted.start else 0
    granted = max(0, min(wanted.part, wanted.amount - taken))
    tx.execute(update(rate_windows).where(mine).values(start=wanted.start, taken=taken + granted))
    return granted
