"""Memories as rows: what each is made of. The weights themselves are a folder of files."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, insert, select

from schemas.memories import MemoryInfo
from service.storage.changes import announce
from service.storage.tables import aliases, dictionaries, memories


class Record(NamedTuple):
    """What is needed to find and check one memory."""

    id: str
    dictionary: str
    ledger_version: int


def add(tx: Connection, dictionary: int, info: MemoryInfo) -> None:
    kept = info.model_dump(exclude={"dictionary", "aliases"})
    tx.execute(insert(memories).values(dictionary=dictionary, **kept))
    announce(tx)


def find(tx: Connection, memory_id: str) -> MemoryInfo | None:
    found = _infos(tx, _shown().where(memories.c.id == memory_id))
    return found[0] if found else None


def of_dictionary(tx: Connection, dictionary: int) -> list[MemoryInfo]:
    """Newest first."""
    return _infos(tx, _shown().where(memories.c.dictionary == dictionary).order_by(memories.c.number.desc()))


def record(tx: Connection, memory_id: str) -> Record | None:
    row = tx.execute(_recorded().where(memories.c.id == memory_id)).first()
    return None if row is None else Record(*row)


def champions(tx: Connection) -> list[Record]:
    """The memory of every dictionary's champion, last switched first."""
    pointed = _recorded().join(aliases, aliases.c.memory == memories.c.id).where(aliases.c.alias == "champion")
    return [Record(*row) for row in tx.execute(pointed.order_by(aliases.c.switched_at.desc()))]


def ids(tx: Connection, dictionary: int | None = None) -> list[str]:
    """The ids of every memory, or of one dictionary's."""
    query = select(memories.c.id)
    return list(tx.scalars(query if dictionary is None else query.where(memories.c.dictionary == dictionary)))


def _recorded() -> Select[Any]:
    owned = memories.join(dictionaries, dictionaries.c.number == memories.c.dictionary)
    return select(memories.c.id, dictionaries.c.id, memories.c.ledger_version).select_from(owned)


def _shown() -> Select[Any]:
    owned = memories.join(dictionaries, dictionaries.c.number == memories.c.dictionary)
    return select(memories, dictionaries.c.id.label("owner")).select_from(owned)


def _infos(tx: Connection, query: Select[Any]) -> list[MemoryInfo]:
    rows = tx.execute(query).mappings().all()
    pointing = select(aliases.c.memory, aliases.c.alias).where(aliases.c.memory.in_([row["id"] for row in rows]))
    names: dict[str, list[str]] = {}
    for memory, alias in tx.execute(pointing.order_by(aliases.c.alias)):
        names.setdefault(memory, []).append(alias)
    return [_info(row, names.get(row["id"], [])) for row in rows]


def _info(row: Mapping[Any, Any], names: list[str]) -> MemoryInfo:
    fields = {name: row[name] for name in MemoryInfo.model_fields if name not in {"dictionary", "aliases"}}
    return MemoryInfo(dictionary=row["owner"], aliases=names, **fields)
