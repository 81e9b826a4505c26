"""Aliases: names that point at a memory, and the history of where they pointed.

`switch` is the one way to move an alias. What follows the champion moves with it: `previous` to the memory it left, and
a `challenger` that was the champion's own memory to the version that an edit made of it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

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


@dataclass(frozen=True, slots=True)
class Switch:
    """Who moves an alias where, by what, and why. A rollback pins it, a training and an unpinning let it go, anything
    else leaves it as it was; `pinned` says otherwise.
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
    return None if row is None else _alias(row)


def of_dictionary(tx: Connection, dictionary: int) -> list[Alias]:
    rows = tx.execute(select(aliases).where(aliases.c.dictionary == dictionary).order_by(aliases.c.alias))
    return [_alias(row) for row in rows]


def switch(tx: Connection, dictionary: int, to: Switch) -> Alias:
    """Move the alias and what follows it, write their history and announce the change."""
    before = find(tx, dictionary, to.alias)
    after = _move(tx, dictionary, to, before)
    if before is not None and to.alias == CHAMPION and before.memory != to.memory:
        _follow(tx, dictionary, to, before.memory)
    announce(tx)
    return after


def remove(tx: Connection, dictionary: int, alias: Alias, by: str, reason: str) -> None:
    """The alias goes, its history stays; made again, its versions count on."""
    gone = Switch(alias.alias, alias.memory, by, reason, AliasAction.DELETE)
    _remember(tx, dictionary, gone, alias.model_copy(update={"version": alias.version + 1, "switched_at": now()}), None)
    tx.execute(delete(aliases).where(aliases.c.dictionary == dictionary, aliases.c.alias == alias.alias))
    announce(tx)


def history(
    tx: Connection, dictionary: int, alias: str, *, before: int | None = None, limit: int | None = None
) -> list[AliasEvent]:
    """Newest first, from the version below `before` on."""
    events = select(*_FIELDS).where(alias_events.c.dictionary == dictionary, alias_events.c.alias == alias)
    if before is not None:
        events = events.where(alias_events.c.version < before)
    rows = tx.execute(events.order_by(alias_events.c.version.desc()).limit(limit)).mappings()
    return [AliasEvent.model_validate(dict(row)) for row in rows]


def predecessor(tx: Connection, dictionary: int, alias: Alias) -> str | None:
    """The memory before the one it points at, when that came to it by anything but a rollback: a second rollback goes
    further back, not to what the first one left.
    """
    arrivals = select(alias_events.c.previous).where(
        alias_events.c.dictionary == dictionary,
        alias_events.c.alias == alias.alias,
        alias_events.c.memory == alias.memory,
        alias_events.c.action.not_in(_ROLLED),
        alias_events.c.previous.is_distinct_from(alias.memory),
    )
    return tx.scalar(arrivals.order_by(alias_events.c.number.desc()).limit(1))


def has_served(tx: Connection, dictionary: int, alias: str, memory: str) -> bool:
    """Whether the alias ever pointed at this memory."""
    here = (alias_events.c.dictionary == dictionary, alias_events.c.alias == alias, alias_events.c.memory == memory)
    return tx.scalar(select(alias_events.c.number).where(*here).limit(1)) is not None


def _follow(tx: Connection, dictionary: int, to: Switch, left: str) -> None:
    followers = [(PREVIOUS, left)]
    if to.action is AliasAction.EDIT:
        followers.append((CHALLENGER, to.memory))
    for name, memory in followers:
        before = find(tx, dictionary, name)
        if name == PREVIOUS or (before is not None and before.memory == left):
            _move(tx, dictionary, Switch(name, memory, to.by, to.reason, AliasAction.FOLLOW), before)


def _move(tx: Connection, dictionary: int, to: Switch, before: Alias | None) -> Alias:
    pinned = _PINS.get(to.action, before is not None and before.pinned) if to.pinned is None else to.pinned
    version = (before.version if before else _last_version(tx, dictionary, to.alias)) + 1
    after = Alias(alias=to.alias, memory=to.memory, version=version, switched_at=now(), pinned=pinned)
    values = after.model_dump(exclude={"alias"})
    if before:
        here = (aliases.c.dictionary == dictionary, aliases.c.alias == to.alias)
        tx.execute(update(aliases).where(*here).values(values))
    else:
        tx.execute(insert(aliases).values(dictionary=dictionary, alias=to.alias, **values))
    _remember(tx, dictionary, to, after, before.memory if before else None)
    return after


def _last_version(tx: Connection, dictionary: int, alias: str) -> int:
    """Of an alias that is not there: 0 unless it was deleted, so that no ETag ever comes back."""
    last = select(func.max(alias_events.c.version))
    return tx.scalar(last.where(alias_events.c.dictionary == dictionary, alias_events.c.alias == alias)) or 0


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
            action=to.action,
        )
    )


def _alias(row: Row[Any]) -> Alias:
    shown = {"memory": row.memory, "version": row.version, "switched_at": row.switched_at}
    return Alias(alias=row.alias, pinned=row.pinned, **shown)
