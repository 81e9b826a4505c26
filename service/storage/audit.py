"""The audit chain as rows. MACs and seals are made and checked by the workflows alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from service.storage.tables.access import audit_entries, audit_head, audit_salts

PAGE = 200  # entries a query: an entry may carry the commitments of a batch of recalls


class Entry(NamedTuple):
    """In the order of the table's columns; `at` in microseconds since the epoch."""

    number: int
    at: int
    act: str
    by: str
    dictionary: str | None
    memory: str | None
    details: str
    columns: str
    commitments: bytes
    previous: bytes
    mac: bytes


class Head(NamedTuple):
    """How many entries there are, the MAC of the last, and the seal over both."""

    entries: int
    mac: bytes
    seal: bytes


class Salts(NamedTuple):
    """The salts of one entry's commitments, one after the other, and their seal."""

    entry: int
    salts: bytes
    seal: bytes


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries to read; None means any. `since` and `until` (not included) are in microseconds."""

    act: str | None = None
    by: str | None = None
    dictionary: str | None = None
    memory: str | None = None
    since: int | None = None
    until: int | None = None


class Unreadable(Exception):
    """An entry that the database cannot give back: somebody has written bytes there that are not text."""


def begin(tx: Connection, head: Head) -> None:
    """Store the head of a chain without entries."""
    tx.execute(insert(audit_head).values(id=1, **head._asdict()))


def read_head(tx: Connection, *, locked: bool = False) -> Head | None:
    """The head; `locked` holds it until `tx` ends, so that entries follow each other."""
    query = select(audit_head.c.entries, audit_head.c.mac, audit_head.c.seal).where(audit_head.c.id == 1)
    row = _raw(tx, query.with_for_update() if locked else query)
    return Head(*row[0]) if row else None


def read_last(tx: Connection) -> Entry | None:
    """The entry of the highest number."""
    row = _raw(tx, select(audit_entries).order_by(audit_entries.c.number.desc()).limit(1))
    return Entry(*row[0]) if row else None


def append(tx: Connection, entries: Sequence[Entry], salts: Sequence[Salts], head: Head) -> None:
    """Add entries and move the head to the last of them. A missing head stays missing: its absence is
    evidence.
    """
    tx.execute(insert(audit_entries), [entry._asdict() for entry in entries])
    if salts:
        tx.execute(insert(audit_salts), [each._asdict() for each in salts])
    tx.execute(update(audit_head).where(audit_head.c.id == 1).values(**head._asdict()))


def find(tx: Connection, number: int) -> Entry | None:
    row = _raw(tx, select(audit_entries).where(audit_entries.c.number == number))
    return Entry(*row[0]) if row else None


def find_newest(tx: Connection, act: str) -> Entry | None:
    """The last entry about this act."""
    query = select(audit_entries).where(audit_entries.c.act == act)
    row = _raw(tx, query.order_by(audit_entries.c.number.desc()).limit(1))
    return Entry(*row[0]) if row else None


def find_newest_before(tx: Connection, at: int) -> int | None:
    """The number of the last entry that is older than `at`."""
    query = select(audit_entries.c.number).where(audit_entries.c.at < at)
    return tx.scalar(query.order_by(audit_entries.c.at.desc(), audit_entries.c.number.desc()).limit(1))


def walk(tx: Connection, after: int | None, wanted: EntryFilter | None = None) -> Iterator[tuple[Entry, Salts | None]]:
    """Entries with their salts in the order of their numbers, those after `after` (None: all), a page at a time.
    Raises Unreadable.
    """
    joined = audit_entries.outerjoin(audit_salts, audit_salts.c.entry == audit_entries.c.number)
    query = _matching(select(*audit_entries.c, *audit_salts.c).select_from(joined), wanted or EntryFilter())
    query = query.order_by(audit_entries.c.number)
    while rows := _page(tx, query if after is None else query.where(audit_entries.c.number > after)):
        for row in rows:
            kept = row[len(Entry._fields) :]
            yield Entry(*row[: len(Entry._fields)]), None if kept[0] is None else Salts(*kept)
        after = rows[-1][0]


def read_page(tx: Connection, wanted: EntryFilter, before: int | None, limit: int) -> list[Entry]:
    """Up to `limit` entries, newest first, those before number `before`."""
    query = _matching(select(audit_entries), wanted).order_by(audit_entries.c.number.desc()).limit(limit)
    return [Entry(*row) for row in _raw(tx, query if before is None else query.where(audit_entries.c.number < before))]


def find_orphaned_salts(tx: Connection) -> int | None:
    """The first entry number for which there are salts and nothing else."""
    joined = audit_salts.outerjoin(audit_entries, audit_salts.c.entry == audit_entries.c.number)
    orphaned = select(audit_salts.c.entry).select_from(joined).where(audit_entries.c.number.is_(None))
    return tx.scalar(orphaned.order_by(audit_salts.c.entry).limit(1))


def overwrite_salts(tx: Connection, salts: Sequence[Salts]) -> None:
    """Put these in the place of those that their entries had."""
    if salts:
        here = audit_salts.c.entry == bindparam("number")
        changed = update(audit_salts).where(here).values(salts=bindparam("kept"), seal=bindparam("sealed"))
        tx.execute(changed, [{"number": each.entry, "kept": each.salts, "sealed": each.seal} for each in salts])


def drop_through(tx: Connection, number: int) -> None:
    """Remove every entry up to this number, with its salts."""
    tx.execute(delete(audit_salts).where(audit_salts.c.entry <= number))
    tx.execute(delete(audit_entries).where(audit_entries.c.number <= number))


def _matching(query: Select[Any], wanted: EntryFilter) -> Select[Any]:
    for name in ("act", "by", "dictionary", "memory"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(audit_entries.c[name] == value)
    if wanted.since is not None:
        query = query.where(audit_entries.c.at >= wanted.since)
    return query if wanted.until is None else query.where(audit_entries.c.at < wanted.until)


def _page(tx: Connection, query: Select[Any]) -> list[tuple[Any, ...]]:
    """The next rows; where one of them cannot be read, those before it."""
    try:
        return _raw(tx, query.limit(PAGE))
    except Unreadable:
        return _raw(tx, query.limit(1))


def _raw(tx: Connection, query: Select[Any]) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them: nothing is converted, so nothing that was altered can be mended or fail."""
    driver: Any = tx.dialect.dbapi
    try:
        cursor: Any = tx.execute(query).cursor
        rows = [tuple(row) for row in cursor.fetchall()]
        cursor.close()
    except (SQLAlchemyError, driver.Error) as error:
        raise Unreadable from error
    return rows
