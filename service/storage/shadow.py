"""Comparisons with a challenger: what is compared, the counts, and the newest disagreements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from schemas.shadow import Disagreement, Said
from service.storage.changes import announce
from service.storage.stamps import now
from service.storage.tables import dictionaries
from service.storage.tables.reviews import shadow_counts, shadow_disagreements, shadows

KEPT = 1_000  # disagreements a dictionary
UNTAUGHT = ""  # counts relations that no memory knows


class Watched(NamedTuple):
    """A dictionary whose recalls are compared."""

    number: int
    dictionary: str
    alias: str
    share: float
    by: str
    since: datetime
    dropped: int


@dataclass(slots=True)
class Counts:
    asked: int = 0
    agreed: int = 0
    disagreed: int = 0
    stale: int = 0

    def add(self, other: "Counts") -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


def put(tx: Connection, dictionary: int, alias: str, share: float, by: str) -> None:
    """Compare with `alias` from now on. Counts continue as long as the alias stays the same."""
    kept = tx.scalar(select(shadows.c.alias).where(shadows.c.dictionary == dictionary))
    if kept == alias:
        tx.execute(update(shadows).where(shadows.c.dictionary == dictionary).values(share=share, by=by))
    else:
        remove(tx, dictionary)
        values = {"alias": alias, "share": share, "by": by, "since": now(), "dropped": 0}
        tx.execute(insert(shadows).values(dictionary=dictionary, **values))
    announce(tx)


def remove(tx: Connection, dictionary: int) -> bool:
    """Stop comparing and delete the counts and disagreements. Returns whether there was anything to stop."""
    for table in (shadow_disagreements, shadow_counts):
        tx.execute(delete(table).where(table.c.dictionary == dictionary))
    announce(tx)
    return tx.execute(delete(shadows).where(shadows.c.dictionary == dictionary)).rowcount > 0


def list_watched(tx: Connection) -> list[Watched]:
    """Every dictionary whose recalls are compared."""
    columns = (shadows.c.alias, shadows.c.share, shadows.c.by, shadows.c.since, shadows.c.dropped)
    joined = shadows.join(dictionaries, dictionaries.c.number == shadows.c.dictionary)
    query = select(dictionaries.c.number, dictionaries.c.id, *columns).select_from(joined)
    return [Watched(*row) for row in tx.execute(query)]


def find(tx: Connection, dictionary: int) -> Watched | None:
    return next((each for each in list_watched(tx) if each.number == dictionary), None)


def read_counts(tx: Connection, dictionary: int) -> dict[str, Counts]:
    """The counts by relation."""
    query = select(shadow_counts).where(shadow_counts.c.dictionary == dictionary)
    rows = tx.execute(query.order_by(shadow_counts.c.relation))
    return {row.relation: Counts(row.asked, row.agreed, row.disagreed, row.stale) for row in rows}


def add(tx: Connection, dictionary: int, by_relation: Mapping[str, Counts], dropped: int) -> None:
    """Add what was counted since; for a dictionary that is still compared."""
    added = update(shadows).where(shadows.c.dictionary == dictionary)
    if not tx.execute(added.values(dropped=shadows.c.dropped + dropped)).rowcount:
        return
    for relation, more in by_relation.items():
        here = (shadow_counts.c.dictionary == dictionary, shadow_counts.c.relation == relation)
        values = {each.name: getattr(more, each.name) for each in fields(more)}
        sums = {name: shadow_counts.c[name] + value for name, value in values.items()}
        if not tx.execute(update(shadow_counts).where(*here).values(sums)).rowcount:
            tx.execute(insert(shadow_counts).values(dictionary=dictionary, relation=relation, **values))


def keep_disagreements(tx: Connection, dictionary: int, some: Sequence[Disagreement]) -> None:
    """Keep these and the newest before them; for a dictionary that is still compared."""
    if not some or find(tx, dictionary) is None:
        return
    tx.execute(insert(shadow_disagreements), [{"dictionary": dictionary, **_row(each)} for each in some])
    here = shadow_disagreements.c.dictionary == dictionary
    newest = select(shadow_disagreements.c.number).where(here).order_by(shadow_disagreements.c.number.desc())
    oldest_kept = tx.scalar(newest.offset(KEPT - 1).limit(1))
    if oldest_kept is not None:
        tx.execute(delete(shadow_disagreements).where(here, shadow_disagreements.c.number < oldest_kept))


def list_disagreements(tx: Connection, dictionary: int) -> list[Disagreement]:
    """The disagreements kept for a dictionary, newest first."""
    query = select(shadow_disagreements).where(shadow_disagreements.c.dictionary == dictionary)
    rows = tx.execute(query.order_by(shadow_disagreements.c.number.desc()))
    return [
        Disagreement(
            at=row.at,
            subject=row.subject,
            relation=row.relation,
            champion=Said(memory=row.champion, **row.champion_said),
            challenger=Said(memory=row.challenger, **row.challenger_said),
            stale=row.stale,
        )
        for row in rows
    ]


def _row(each: Disagreement) -> dict[str, Any]:
    return {
        "at": each.at,
        "subject": each.subject,
        "relation": each.relation,
        "champion": each.champion.memory,
        "challenger": each.challenger.memory,
        "champion_said": each.champion.model_dump(mode="json", exclude={"memory"}),
        "challenger_said": each.challenger.model_dump(mode="json", exclude={"memory"}),
        "stale": each.stale,
    }
