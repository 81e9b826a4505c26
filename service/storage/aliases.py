"""Aliases: names that point at a memory, and the history of where they pointed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from schemas.memories import Alias, AliasEvent
from service.storage.changes import announce
from service.storage.database import Database
from service.storage.stamps import now
from service.storage.tables import alias_events, aliases, dictionaries


@dataclass(frozen=True, slots=True)
class Switch:
    """Who moves an alias where, and why."""

    alias: str
    memory: str
    by: str
    reason: str


def resolve(db: Database, dictionary_id: str, alias: str) -> str | None:
    """The id of the memory that `alias` points at."""
    owned = select(aliases.c.memory).join(dictionaries, dictionaries.c.number == aliases.c.dictionary)
    with db.reading() as tx:
        return tx.scalar(owned.where(dictionaries.c.id == dictionary_id, aliases.c.alias == alias))


def find(tx: Connection, dictionary: int, alias: str) -> Alias | None:
    row = tx.execute(select(aliases).where(aliases.c.dictionary == dictionary, aliases.c.alias == alias)).first()
    return None if row is None else _alias(row.alias, row.memory, row.version, row.switched_at)


def of_dictionary(tx: Connection, dictionary: int) -> list[Alias]:
    rows = tx.execute(select(aliases).where(aliases.c.dictionary == dictionary).order_by(aliases.c.alias))
    return [_alias(row.alias, row.memory, row.version, row.switched_at) for row in rows]


def switch(tx: Connection, dictionary: int, to: Switch) -> Alias:
    """Move the alias, write its history and announce the change."""
    before = find(tx, dictionary, to.alias)
    after = _alias(to.alias, to.memory, before.version + 1 if before else 1, now())
    values = {"memory": after.memory, "version": after.version, "switched_at": after.switched_at}
    if before:
        here = (aliases.c.dictionary == dictionary, aliases.c.alias == to.alias)
        tx.execute(update(aliases).where(*here).values(values))
    else:
        tx.execute(insert(aliases).values(dictionary=dictionary, alias=to.alias, **values))
    _remember(tx, dictionary, to, after, before.memory if before else None)
    announce(tx)
    return after


def _remember(tx: Connection, dictionary: int, to: Switch, after: Alias, previous: str | None) -> None:
    tx.execute(
        insert(alias_events).values(
            dictionary=dictionary,
            alias=to.alias,
            memory=to.memory,
            previous=previous,
            version=after.version,
            at=after.switched_at,
            by=to.by,
            reason=to.reason,
        )
    )


def history(tx: Connection, dictionary: int, alias: str) -> list[AliasEvent]:
    """Newest first."""
    events = select(alias_events).where(alias_events.c.dictionary == dictionary, alias_events.c.alias == alias)
    fields = AliasEvent.model_fields
    rows = tx.execute(events.order_by(alias_events.c.version.desc())).mappings()
    return [AliasEvent.model_validate({name: row[name] for name in fields}) for row in rows]


def _alias(alias: str, memory: str, version: int, switched_at: datetime) -> Alias:
    return Alias(alias=alias, memory=memory, version=version, switched_at=switched_at)
