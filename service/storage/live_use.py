"""Live use as it is kept: counts by day, relation and status, and the unknowns most asked."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from service.facts import Pair
from service.storage.facts import holds_at
from service.storage.tables import facts
from service.storage.tables.reviews import live_uncounted, live_unknowns, live_use


class Slot(NamedTuple):
    """What is counted together. `relation` is None for names that the memory was not taught."""

    day: str
    relation: str | None
    status: str


class Filled(NamedTuple):
    """How much of the table of subjects and relations is taught: the subjects, and how many have each relation."""

    subjects: int
    by_relation: dict[str, int]


def add(tx: Connection, dictionary: int, counts: Mapping[Slot, int]) -> None:
    """Add to the counts. Two processes may each open a row of the same slot: readers sum the rows."""
    for slot, count in counts.items():
        here = (live_use.c.day == slot.day, live_use.c.relation.is_not_distinct_from(slot.relation))
        first = select(func.min(live_use.c.number)).where(
            live_use.c.dictionary == dictionary, live_use.c.status == slot.status, *here
        )
        more = update(live_use).where(live_use.c.number == first.scalar_subquery())
        if not tx.execute(more.values(count=live_use.c.count + count)).rowcount:
            tx.execute(insert(live_use).values(dictionary=dictionary, count=count, **slot._asdict()))


def count_by_relation(tx: Connection, dictionary: int, since: str | None) -> dict[tuple[str | None, str], int]:
    """Queries by relation and status, from the day `since` on."""
    query = select(live_use.c.relation, live_use.c.status, func.sum(live_use.c.count))
    query = query.where(live_use.c.dictionary == dictionary)
    if since is not None:
        query = query.where(live_use.c.day >= since)
    rows = tx.execute(query.group_by(live_use.c.relation, live_use.c.status))
    return {(relation, status): int(count) for relation, status, count in rows}


def measure_table(tx: Connection, dictionary: int, version: int) -> Filled:
    """How much of the table is taught by the facts that hold at `version`. Reads them all."""
    held = holds_at(dictionary, version)
    subjects = tx.scalar(select(func.count(facts.c.subject.distinct())).where(held)) or 0
    by_relation = select(facts.c.relation, func.count(facts.c.subject.distinct())).where(held)
    rows = tx.execute(by_relation.group_by(facts.c.relation))
    return Filled(subjects, {relation: int(count) for relation, count in rows})


def read_unknowns(tx: Connection, dictionary: int) -> tuple[dict[Pair, int], int]:
    """The counts that are kept, and how much each may lack."""
    columns = (live_unknowns.c.subject, live_unknowns.c.relation, live_unknowns.c.count)
    rows = tx.execute(select(*columns).where(live_unknowns.c.dictionary == dictionary))
    kept = {(subject, relation): count for subject, relation, count in rows}
    return kept, tx.scalar(select(live_uncounted.c.count).where(live_uncounted.c.dictionary == dictionary)) or 0


def replace_unknowns(tx: Connection, dictionary: int, kept: Mapping[Pair, int], uncounted: int) -> None:
    for table in (live_unknowns, live_uncounted):
        tx.execute(delete(table).where(table.c.dictionary == dictionary))
    rows = [
        {"dictionary": dictionary, "subject": subject, "relation": relation, "count": count}
        for (subject, relation), count in kept.items()
    ]
    if rows:
        tx.execute(insert(live_unknowns), rows)
    tx.execute(insert(live_uncounted).values(dictionary=dictionary, count=uncounted))


def forget_names(tx: Connection) -> None:
    """Remove all unknowns of all dictionaries."""
    tx.execute(delete(live_unknowns))
    tx.execute(delete(live_uncounted))
