"""Memories as rows: what each is made of, and the lineage it belongs to. Weights are folders, and patches beside."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, insert, select

from schemas.memories import MemoryInfo
from service.storage.aliases import CHAMPION
from service.storage.changes import announce
from service.storage.database import newest
from service.storage.tables import aliases, dictionaries, memories

_ELSEWHERE = {"dictionary", "aliases"}


class Record(NamedTuple):
    """What is needed to find and check one memory: the version `seq` of its lineage, and the digest of its bytes."""

    id: str
    dictionary: str
    ledger_version: int
    lineage: str
    seq: int
    retained: bool
    digest: str


def add(tx: Connection, dictionary: int, info: MemoryInfo, *, seq: int = 0) -> int:
    """Store the row and return its number. A first version has a folder; the recipe is kept with it alone."""
    kept = info.model_dump(exclude=_ELSEWHERE | {"recipe"})
    recipe = info.recipe if info.parent is None else None
    place = {"seq": seq, "complete": info.parent is None}
    row = {"dictionary": dictionary, "recipe": recipe, **place, **kept}
    number: int = tx.execute(_ADDED, row).scalar_one()
    announce(tx)
    return number


def find(tx: Connection, memory_id: str) -> MemoryInfo | None:
    found = _infos(tx, _select().where(memories.c.id == memory_id))
    return found[0] if found else None


def list_page(tx: Connection, dictionary: int, before: int | None, limit: int) -> list[tuple[int, MemoryInfo]]:
    """The retained memories of a dictionary with their numbers, newest first, from the number below `before` on."""
    held = (memories.c.dictionary == dictionary, memories.c.retained)
    numbers = list(tx.scalars(newest(select(memories.c.number).where(*held), memories.c.number, before, limit)))
    infos = _infos(tx, _select().where(memories.c.number.in_(numbers)).order_by(memories.c.number.desc()))
    return list(zip(numbers, infos, strict=True))


def find_record(tx: Connection, memory_id: str) -> Record | None:
    row = tx.execute(_select_records().where(memories.c.id == memory_id)).first()
    return None if row is None else Record(*row)


def filter_retained(tx: Connection, memory_ids: Sequence[str]) -> set[str]:
    """Those of these memories that can still be recalled."""
    return set(tx.scalars(select(memories.c.id).where(memories.c.id.in_(memory_ids), memories.c.retained)))


def get_tip(tx: Connection, memory_id: str) -> Record:
    """The newest version of this memory's lineage: what the next edit starts from, wherever aliases have been since."""
    return Record(*tx.execute(_TIP, {"memory": memory_id}).one())


def find_champion(tx: Connection, dictionary_id: str) -> Record | None:
    """The memory that this dictionary's champion points at."""
    pointed = _select_records().join(aliases, aliases.c.memory == memories.c.id).where(aliases.c.alias == CHAMPION)
    mine = (aliases.c.dictionary == dictionaries.c.number, dictionaries.c.id == dictionary_id)
    row = tx.execute(pointed.where(*mine)).first()
    return None if row is None else Record(*row)


def list_champions(tx: Connection) -> list[Record]:
    """The memory of every dictionary's champion, last switched first."""
    pointed = _select_records().join(aliases, aliases.c.memory == memories.c.id).where(aliases.c.alias == CHAMPION)
    return [Record(*row) for row in tx.execute(pointed.order_by(aliases.c.switched_at.desc()))]


def list_ids(tx: Connection, dictionary: int | None = None) -> list[str]:
    """The ids of every memory that has a folder, or of one dictionary's."""
    query = select(memories.c.id).where(memories.c.complete)
    return list(tx.scalars(query if dictionary is None else query.where(memories.c.dictionary == dictionary)))


def _select_records() -> Select[Any]:
    owned = memories.join(dictionaries, dictionaries.c.number == memories.c.dictionary)
    columns = (memories.c.ledger_version, memories.c.lineage, memories.c.seq, memories.c.retained, memories.c.digest)
    return select(memories.c.id, dictionaries.c.id, *columns).select_from(owned)


def _select_tip() -> Select[Any]:
    """The newest version of the lineage that the memory `memory` is of."""
    this = memories.alias()
    lineage = select(this.c.lineage).where(this.c.id == bindparam("memory")).scalar_subquery()
    return _select_records().where(memories.c.lineage == lineage).order_by(memories.c.seq.desc()).limit(1)


# Built once: an edit runs both, and building a statement takes longer than running it.
_TIP = _select_tip()
_ADDED = insert(memories).returning(memories.c.number)


def _select() -> Select[Any]:
    owned = memories.join(dictionaries, dictionaries.c.number == memories.c.dictionary)
    return select(memories, dictionaries.c.id.label("owner")).select_from(owned)


def _infos(tx: Connection, query: Select[Any]) -> list[MemoryInfo]:
    rows = tx.execute(query).mappings().all()
    pointing = select(aliases.c.memory, aliases.c.alias).where(aliases.c.memory.in_([row["id"] for row in rows]))
    names: dict[str, list[str]] = {}
    for memory, alias in tx.execute(pointing.order_by(aliases.c.alias)):
        names.setdefault(memory, []).append(alias)
    opening = select(memories.c.id, memories.c.recipe).where(
        memories.c.id.in_(sorted({row["lineage"] for row in rows}))
    )
    recipes = {first.id: first.recipe for first in tx.execute(opening)}
    return [_info(row, recipes[row["lineage"]], names.get(row["id"], [])) for row in rows]


def _info(row: Mapping[Any, Any], recipe: dict[str, object], names: list[str]) -> MemoryInfo:
    fields = {name: row[name] for name in MemoryInfo.model_fields if name not in _ELSEWHERE | {"recipe"}}
    return MemoryInfo(dictionary=row["owner"], recipe=recipe, aliases=names, **fields)
