"""For the promotion gate: the facts marked as priority, and what memories were measured at."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from service.facts import Pair
from service.storage.stamps import now
from service.storage.tables.reviews import measurements, priorities

Marks = tuple[frozenset[Pair], frozenset[str]]
"""Single pairs, and whole relations."""


def mark(tx: Connection, dictionary: int, pairs: Iterable[Pair], relations: Iterable[str]) -> None:
    """Replace every mark of the dictionary by these; its memories have to be measured again."""
    tx.execute(delete(measurements).where(measurements.c.dictionary == dictionary))
    tx.execute(delete(priorities).where(priorities.c.dictionary == dictionary))
    rows: list[tuple[str | None, str]] = sorted(set(pairs))
    rows += [(None, relation) for relation in sorted(set(relations))]
    if rows:
        marked = [{"dictionary": dictionary, "subject": subject, "relation": relation} for subject, relation in rows]
        tx.execute(insert(priorities), marked)


def read_marks(tx: Connection, dictionary: int) -> Marks:
    rows = tx.execute(
        select(priorities.c.subject, priorities.c.relation).where(priorities.c.dictionary == dictionary)
    ).all()
    pairs = frozenset((subject, relation) for subject, relation in rows if subject is not None)
    return pairs, frozenset(relation for subject, relation in rows if subject is None)


def keep_measurement(tx: Connection, dictionary: int, memory: str, figures: dict[str, Any]) -> None:
    """Keep the memory's figures in place of earlier ones."""
    tx.execute(delete(measurements).where(measurements.c.memory == memory))
    values = {"dictionary": dictionary, "memory": memory, "measured_at": now(), "figures": figures}
    tx.execute(insert(measurements).values(values))


def find_measurement(tx: Connection, memory: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = tx.scalar(select(measurements.c.figures).where(measurements.c.memory == memory))
    return found
