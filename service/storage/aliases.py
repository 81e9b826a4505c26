"""Aliases: names that point at a memory, and the history of where they pointed.

`switch` is the one way to move an alias. What follows the champion moves with it: `previous` to the memory it left, and
a `challenger` that was the champion's own memory to the version that an edit made of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from schemas.aliases import Alias, AliasAction, AliasEvent
from service.storage.changes import announce
from service.storage.database import Database
from service.storage.stamps import now
from service.storage.tables import alias_events, aliases, dictionaries

CHAMPION, PREVIOUS, CHALLENGER = "champion", "previous", "challenger"

_PINS = {
    AliasAction.TRAIN: False,
    AliasAction.UNPIN: False,
    AliasAction.ROLLBACK: True,
    AliasAction.AUTOMATIC_ROLLBACK: True,
}
_ROLLED = (AliasAction.ROLLBACK, AliasAction.AUTOMATIC_ROLLBACK)
_FIELDS = [alias_events.c[name] for name in AliasEvent.model_fields]

# Built once: every edit moves an alias, and to build a statement costs more than to run it.
_HELD = select(aliases).where(aliases.c.dictionary == bindparam("owner")).order_by(aliases.c.alias)
_MOVE = update(aliases).where(aliases.c.dictionary == bindparam("owner"), aliases.c.alias == bindparam("name"))
_MAKE = insert(aliases)
_REMEMBER = insert(alias_events)


@dataclass(frozen=True, slots=True)
class Switch:
    """A move of an alias: where to, by whom and why. A rollback pins the alias, a training or an unpinning releases it,
    and anything else leaves its pin as it was, unless `pinned` is given.
    """

    alias: str
    memory: str
    by: str
    reason: str
    action: AliasAction = AliasAction.SWITCH
    pinned: bool | None = None


def resolve(db: Database, dictionary_id: str, alias: str) -> str | None:
    """The id of the memory that `alias` points at."""
    owned = select(aliases.c.memory).join(dictionaries, dictionaries.c.number == aliases.c.dictionary)
    with db.reading() as tx:
        return tx.scalar(owned.where(dictionaries.c.id == dictionary_id, aliases.c.alias == alias))


def find(tx: Connection, dictionary: int, alias: str) -> Alias | None:
    row = tx.execute(select(aliases).where(aliases.c.dictionary == dictionary, aliases.c.alias == alias)).first()
    return None if row is None else _to_schema(row)


def list_in(tx: Connection, dictionary: int) -> list[Alias]:
    return [_to_schema(row) for row in tx.execute(_HELD, {"owner": dictionary})]


def switch(tx: Connection, dictionary: int, to: Switch) -> Alias:
    """Move the alias and what follows it, write their history and announce the change."""
    held = {each.alias: each for each in list_in(tx, dictionary)}
    moves = [(each, _after_move(tx, dictionary, each, held.get(each.alias))) for each in (to, *_followers(to, held))]
    rows = {after.alias: after.model_dump() for _, after in moves}
    old = [{"owner": dictionary, "name": name, **row} for name, row in rows.items() if name in held]
    new = [{"dictionary": dictionary, **row} for name, row in rows.items() if name not in held]
    for statement, written in ((_MOVE, old), (_MAKE, new)):
        if written:
            tx.execute(statement, written)
    tx.execute(_REMEMBER, [_event(dictionary, each, after, held.get(each.alias)) for each, after in moves])
    announce(tx)
    return moves[0][1]


def remove(tx: Connection, dictionary: int, alias: Alias, by: str, reason: str) -> None:
    """Delete the alias and keep its history: if it is made again, its versions continue."""
    gone = Switch(alias.alias, alias.memory, by, reason, AliasAction.DELETE)
    tx.execute(_REMEMBER, [_event(dictionary, gone, _after_move(tx, dictionary, gone, alias), alias)])
    tx.execute(delete(aliases).where(aliases.c.dictionary == dictionary, aliases.c.alias == alias.alias))
    announce(tx)


def list_events(
    tx: Connection, dictionary: int, alias: str, *, before: int | None = None, limit: int | None = None
) -> list[AliasEvent]:
    """Newest first, from the version below `before` on."""
    events = select(*_FIELDS).where(alias_events.c.dictionary == dictionary, alias_events.c.alias == alias)
    if before is not None:
        events = events.where(alias_events.c.version < before)
    rows = tx.execute(events.order_by(alias_events.c.version.desc()).limit(limit)).mappings()
    return [AliasEvent.model_validate(dict(row)) for row in rows]


def find_predecessor(tx: Connection, dictionary: int, alias: Alias) -> str | None:
    """The memory that a rollback leads to. Each takes away what it leaves, so that the next one goes further back."""
    moves = select(alias_events.c.memory, alias_events.c.action).where(
        alias_events.c.dictionary == dictionary, alias_events.c.alias == alias.alias
    )
    standing: list[str] = []
    for memory, action in tx.execute(moves.order_by(alias_events.c.version)):
        if action == AliasAction.DELETE:
            standing.clear()
        elif action in _ROLLED and memory in standing:
            while standing[-1] != memory:
                standing.pop()
        elif standing[-1:] != [memory]:
            standing.append(memory)
    return standing[-2] if len(standing) > 1 else None


def has_served(tx: Connection, dictionary: int, alias: str, memory: str) -> bool:
    """Whether the alias ever pointed at this memory."""
    here = (alias_events.c.dictionary == dictionary, alias_events.c.alias == alias, alias_events.c.memory == memory)
    return tx.scalar(select(alias_events.c.number).where(*here).limit(1)) is not None


def _followers(to: Switch, held: Mapping[str, Alias]) -> Iterator[Switch]:
    """The moves of the aliases that follow the champion."""
    champion = held.get(CHAMPION)
    if to.alias != CHAMPION or champion is None or champion.memory == to.memory:
        return
    yield Switch(PREVIOUS, champion.memory, to.by, to.reason, AliasAction.FOLLOW)
    challenger = held.get(CHALLENGER)
    if to.action is AliasAction.EDIT and challenger is not None and challenger.memory == champion.memory:
        yield Switch(CHALLENGER, to.memory, to.by, to.reason, AliasAction.FOLLOW)


def _after_move(tx: Connection, dictionary: int, to: Switch, before: Alias | None) -> Alias:
    """The alias after the move; nothing is written."""
    pinned = _PINS.get(to.action, before is not None and before.pinned) if to.pinned is None else to.pinned
    version = (before.version if before else _last_version(tx, dictionary, to.alias)) + 1
    return Alias(alias=to.alias, memory=to.memory, version=version, switched_at=now(), pinned=pinned)


def _last_version(tx: Connection, dictionary: int, alias: str) -> int:
    """Of an alias that is not there: 0 unless it was deleted, so that no ETag ever comes back."""
    last = select(func.max(alias_events.c.version))
    return tx.scalar(last.where(alias_events.c.dictionary == dictionary, alias_events.c.alias == alias)) or 0


def _event(dictionary: int, to: Switch, after: Alias, before: Alias | None) -> dict[str, Any]:
    """A row of the history."""
    return {
        "dictionary": dictionary,
        "alias": to.alias,
        "memory": to.memory,
        "previous": before.memory if before else None,
        "version": after.version,
        "at": after.switched_at,
        "by": to.by,
        "reason": to.reason,
        "action": to.action,
    }


def _to_schema(row: Row[Any]) -> Alias:
    fields = {"memory": row.memory, "version": row.version, "switched_at": row.switched_at}
    return Alias(alias=row.alias, pinned=row.pinned, **fields)
