"""Grants as they are kept: one row for a key and a dictionary."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select

from schemas.grants import Grant, GrantPut
from service.storage.changes import announce
from service.storage.stamps import now
from service.storage.tables import dictionaries
from service.storage.tables.access import grants


def put(tx: Connection, dictionary: int, key: str, wanted: GrantPut, by: str) -> None:
    """Grant, in place of what was granted before."""
    remove(tx, dictionary, key)
    values = {"role": wanted.role, "relations": wanted.relations, "denied": wanted.denied, "by": by}
    tx.execute(insert(grants).values(dictionary=dictionary, key=key, granted_at=now(), **values))


def remove(tx: Connection, dictionary: int, key: str) -> bool:
    """Remove a grant. Returns whether there was one."""
    gone = tx.execute(delete(grants).where(grants.c.dictionary == dictionary, grants.c.key == key))
    announce(tx)
    return bool(gone.rowcount)


def copy(tx: Connection, source: str, target: str) -> None:
    """Give the key `target` everything that is granted to `source`."""
    rows = tx.execute(select(grants).where(grants.c.key == source)).mappings()
    copies = [{**row, "key": target} for row in rows]
    if copies:
        tx.execute(insert(grants), copies)


def find(tx: Connection, dictionary: int, key: str) -> Grant | None:
    found = _read(tx, _select().where(grants.c.dictionary == dictionary, grants.c.key == key))
    return found[0] if found else None


def list_in(tx: Connection, dictionary: int) -> list[Grant]:
    return _read(tx, _select().where(grants.c.dictionary == dictionary).order_by(grants.c.granted_at, grants.c.key))


def list_all(tx: Connection) -> list[Grant]:
    """The grants of every key, for the caches of an API process."""
    return _read(tx, _select())


def _select() -> Select[Any]:
    owned = grants.join(dictionaries, dictionaries.c.number == grants.c.dictionary)
    return select(grants, dictionaries.c.id.label("owner")).select_from(owned)


def _read(tx: Connection, query: Select[Any]) -> list[Grant]:
    rows: Iterable[Mapping[Any, Any]] = tx.execute(query).mappings()
    return [Grant(dictionary=row["owner"], **{name: row[name] for name in _OWN}) for row in rows]


_OWN = [name for name in Grant.model_fields if name != "dictionary"]
