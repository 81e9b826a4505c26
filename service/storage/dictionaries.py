"""Dictionaries: the named tables of facts, with the ledger version and size that each has now."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from schemas.dictionaries import Dictionary
from schemas.problems import Code
from service.errors import Conflict, NotFound, Unprocessable
from service.storage.aliases import CHAMPION
from service.storage.changes import announce
from service.storage.jobs import is_made_by
from service.storage.stamps import new_id, now
from service.storage.tables import aliases, dictionaries, ledger_versions, memories


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the key inside the database; `id` and `name` are what callers use."""

    number: int
    id: str
    name: str
    created_at: datetime
    ledger_version: int
    pairs: int
    facts: int
    made_by: str | None


def add(tx: Connection, name: str, made_by: str | None = None) -> Row:
    """Add a dictionary. made_by: the attempt of a job that makes it for itself. Raises Conflict (name_taken)."""
    values = {"id": new_id("dic"), "name": name, "created_at": now(), "ledger_version": 0, "pairs": 0, "facts": 0}
    values["made_by"] = made_by
    try:
        added = tx.execute(insert(dictionaries).values(values).returning(dictionaries)).one()
    except IntegrityError as taken:
        raise Conflict("another dictionary has this name") from taken
    announce(tx)
    return Row(*added)


def find(tx: Connection, ref: str) -> Row | None:
    """By id, else by exact name."""
    return _find_where(tx, dictionaries.c.id == ref) or _find_where(tx, dictionaries.c.name == ref)


def get_dictionary(tx: Connection, ref: str) -> Row:
    """The dictionary of this id or exact name; raises NotFound."""
    row = find(tx, ref) if "\0" not in ref else None
    if row is None:
        raise NotFound("no such dictionary")
    return row


def check_holds_facts(row: Row) -> None:
    """Raises Unprocessable (no_usable_row)."""
    if not row.facts:
        raise Unprocessable("the dictionary holds no facts: upload some first", code=Code.NO_USABLE_ROW)


def lock(tx: Connection, number: int) -> Row | None:
    """The row as it is now, held until `tx` ends, so that ledger versions follow each other."""
    return _lock_where(tx, dictionaries.c.number == number)


def lock_by_id(tx: Connection, dictionary: str) -> Row | None:
    """The same, so that versions of a lineage follow each other."""
    return _lock_where(tx, dictionaries.c.id == dictionary)


def list_all(tx: Connection, after: int | None = None) -> Iterator[tuple[int, Dictionary]]:
    """The dictionaries with their numbers, oldest first, from the number above `after` on."""
    champion = (dictionaries.c.number == aliases.c.dictionary) & (aliases.c.alias == CHAMPION)
    joined = dictionaries.outerjoin(aliases, champion).outerjoin(memories, memories.c.id == aliases.c.memory)
    columns = (*dictionaries.c, memories.c.id, memories.c.ledger_version)
    query = select(*columns).select_from(joined).where(dictionaries.c.number > (after or 0))
    for row in tx.execute(query.order_by(dictionaries.c.number)):
        yield row.number, to_schema(Row(*row[:-2]), row[-2], row[-1])


def list_made_by(tx: Connection, makers: Collection[str]) -> list[Row]:
    """What these attempts, or any attempt of these jobs, made for themselves."""
    made = select(dictionaries).where(is_made_by(dictionaries.c.made_by, makers)).order_by(dictionaries.c.number)
    return [Row(*row) for row in tx.execute(made)]


def list_makers(tx: Connection) -> set[str]:
    """The attempts of jobs that made dictionaries for themselves."""
    return set(tx.scalars(select(dictionaries.c.made_by).where(dictionaries.c.made_by.is_not(None))))


def list_ids(tx: Connection) -> list[str]:
    return list(tx.scalars(select(dictionaries.c.id).order_by(dictionaries.c.number)))


def to_schema(row: Row, champion: str | None, holds: int | None) -> Dictionary:
    """`holds` is the ledger version that the champion was taught."""
    return Dictionary(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        ledger_version=row.ledger_version,
        pairs=row.pairs,
        facts=row.facts,
        champion=champion,
        behind=holds is not None and holds < row.ledger_version,
    )


def advance(tx: Connection, row: Row, upload: int, *, pairs: int, facts: int) -> int:
    """Open the next ledger version, made by `upload`, in which the dictionary has these sizes."""
    version = row.ledger_version + 1
    sizes = {"pairs": pairs, "facts": facts}
    here = dictionaries.c.number == row.number
    tx.execute(update(dictionaries).where(here).values(ledger_version=version, **sizes))
    made = {"dictionary": row.number, "version": version, "upload": upload, "at": now()}
    tx.execute(insert(ledger_versions).values(**made, **sizes))
    return version


def remove(tx: Connection, number: int) -> None:
    """The dictionary and everything that belongs to it."""
    tx.execute(delete(dictionaries).where(dictionaries.c.number == number))
    announce(tx)


def _lock_where(tx: Connection, condition: ColumnElement[bool]) -> Row | None:
    row = tx.execute(select(dictionaries).where(condition).with_for_update()).first()
    return None if row is None else Row(*row)


def _find_where(tx: Connection, condition: ColumnElement[bool]) -> Row | None:
    row = tx.execute(select(dictionaries).where(condition)).first()
    return None if row is None else Row(*row)
