"""Reviews, kept with the pair, the answer and the decision; the samples they were drawn in; and withdrawals: memories
that the champion left because of what reviews found.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, tuple_, update

from schemas.reviews import Review, ReviewOrder, ReviewSource, ReviewState, Sample
from service.storage.bulk import fetch_columns
from service.storage.facts import by_subject, holds_at
from service.storage.stamps import new_id, now
from service.storage.tables import facts, memories, uploads
from service.storage.tables.reviews import reviews, samples, withdrawals

_SHOWN = [reviews.c[name] for name in Review.model_fields]
_ORDERS: dict[ReviewOrder, ColumnElement[Any]] = {
    ReviewOrder.RANDOM: reviews.c.lot,
    ReviewOrder.LOWEST_MARGIN: reviews.c.margin,
    ReviewOrder.NEWEST: -reviews.c.number,
}
_PLACE = re.compile(r"(-?[0-9.e+-]{1,30})_(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A review item to be added: a pair, the memory that was asked, and what it answered."""

    subject: str
    relation: str
    memory: str
    answers: Sequence[str]
    margin: float
    by: str
    expected: Sequence[str] | None = None
    note: str = ""
    sample: str | None = None
    probability: float | None = None


class Listing(NamedTuple):
    """Which items, in which order, after which place."""

    state: ReviewState | None
    order: ReviewOrder
    cursor: str | None
    limit: int


def add(tx: Connection, dictionary: int, doubts: Iterable[Doubt]) -> list[Review]:
    rows = [_row(dictionary, doubt) for doubt in doubts]
    if rows:
        tx.execute(insert(reviews), rows)
    return [Review.model_validate({name: row.get(name) for name in Review.model_fields}) for row in rows]


def find(tx: Connection, dictionary: int, review_id: str) -> Review | None:
    here = (reviews.c.dictionary == dictionary, reviews.c.id == review_id)
    row = tx.execute(select(*_SHOWN).where(*here)).mappings().first()
    return None if row is None else Review.model_validate(dict(row))


def list_page(tx: Connection, dictionary: int, wanted: Listing) -> tuple[list[Review], str | None]:
    """A page, and the cursor of the next one where more may follow. Raises ValueError for a cursor of another kind."""
    place = (_ORDERS[wanted.order], reviews.c.number)
    query = select(*_SHOWN, *place).where(reviews.c.dictionary == dictionary)
    if wanted.state is not None:
        query = query.where(reviews.c.state == wanted.state)
    if wanted.cursor is not None:
        query = query.where(tuple_(*place) > tuple_(*_parse(wanted.cursor, wanted.order)))
    rows = tx.execute(query.order_by(*place).limit(wanted.limit)).all()
    page = [Review.model_validate(dict(zip(Review.model_fields, row, strict=False))) for row in rows]
    return page, f"{rows[-1][-2]}_{rows[-1][-1]}" if len(rows) == wanted.limit else None


def change(tx: Connection, review: Review, values: Mapping[str, Any]) -> bool:
    """Write these columns and move the item's version; False where it was changed meanwhile."""
    here = (reviews.c.id == review.id, reviews.c.version == review.version)
    return tx.execute(update(reviews).where(*here).values(version=review.version + 1, **values)).rowcount == 1


def note_outcome(tx: Connection, review_id: str, memory: str | None, job: str | None) -> None:
    """Note which memory serves a correction, or which job will make one."""
    tx.execute(update(reviews).where(reviews.c.id == review_id).values(memory_after=memory, job=job))


def count_reported(tx: Connection, dictionary: int, memory: str) -> dict[ReviewState, int]:
    """Reported items of this memory by state."""
    here = (reviews.c.dictionary == dictionary, reviews.c.memory == memory, reviews.c.source == ReviewSource.REPORTED)
    counted = dict.fromkeys(ReviewState, 0)
    for state, count in tx.execute(select(reviews.c.state, func.count()).where(*here).group_by(reviews.c.state)):
        counted[ReviewState(state)] = count
    return counted


def find_teachers(tx: Connection, dictionary: int, pair: tuple[str, str], memory: str) -> set[str]:
    """Who uploaded or edited the facts of this pair: those that the memory holds and those that hold now."""
    joined = facts.join(uploads, uploads.c.number == facts.c.upload)
    query = select(facts.c.subject, facts.c.relation, uploads.c.by).select_from(joined)
    version = select(memories.c.ledger_version).where(memories.c.id == memory).scalar_subquery()
    taught = and_(facts.c.since <= version, facts.c.until > version)
    query = query.where(facts.c.dictionary == dictionary, or_(facts.c.until.is_(None), taught))
    return {by for subject, relation, by in by_subject(tx, query, [pair[0]]) if (subject, relation) == pair}


def _row(dictionary: int, doubt: Doubt) -> dict[str, Any]:
    return {
        "id": new_id("rev"),
        "dictionary": dictionary,
        "source": ReviewSource.REPORTED if doubt.sample is None else ReviewSource.SAMPLED,
        "state": ReviewState.OPEN,
        "version": 1,
        "subject": doubt.subject,
        "relation": doubt.relation,
        "memory": doubt.memory,
        "answers": list(doubt.answers),
        "margin": doubt.margin,
        "expected": None if doubt.expected is None else list(doubt.expected),
        "note": doubt.note,
        "sample": doubt.sample,
        "probability": doubt.probability,
        "lot": secrets.randbelow(2**53),
        "by": doubt.by,
        "created_at": now(),
        "returned": 0,
    }


def _parse(cursor: str, order: ReviewOrder) -> tuple[float, int]:
    found = _PLACE.fullmatch(cursor)
    if found is None:
        raise ValueError("not a cursor")
    value = float(found[1]) if order is ReviewOrder.LOWEST_MARGIN else int(found[1])
    return value, int(found[2])


class Weighed(NamedTuple):
    """A sampled item as an estimate needs it: its probability in a sample of `drawn` from `population`."""

    probability: float
    drawn: int
    population: int
    state: ReviewState
    pair: tuple[str, str]
    answers: Sequence[str]


class Withdrawal(NamedTuple):
    """The bound that a memory's error rate exceeds, the rate allowed, and the memory that serves instead."""

    memory: str
    floor: float
    maximum: float
    replaced_by: str


def taught_pairs(tx: Connection, dictionary: int, version: int) -> tuple[list[str], list[str], list[int]]:
    """The pairs that hold at `version`: subjects, relations, and since which version."""
    columns = (facts.c.subject, facts.c.relation, func.max(facts.c.since))
    held = select(*columns).where(holds_at(dictionary, version)).group_by(facts.c.subject, facts.c.relation)
    subjects, relations, since = fetch_columns(tx, held)
    return subjects, relations, since


def add_sample(tx: Connection, dictionary: int, sample: Sample, by: str) -> None:
    tx.execute(insert(samples).values(dictionary=dictionary, by=by, at=now(), **sample.model_dump()))


def sampled_items(tx: Connection, dictionary: int, memory: str) -> list[Weighed]:
    """Every item that was drawn from this memory's pairs."""
    joined = reviews.join(samples, samples.c.id == reviews.c.sample)
    weighed = (reviews.c.probability, samples.c.drawn, samples.c.population)
    query = select(*weighed, reviews.c.state, reviews.c.subject, reviews.c.relation, reviews.c.answers)
    here = (reviews.c.dictionary == dictionary, reviews.c.memory == memory)
    rows = tx.execute(query.select_from(joined).where(*here))
    return [Weighed(*row[:3], ReviewState(row[3]), (row[4], row[5]), row[6]) for row in rows]


def newest_sampled(tx: Connection, dictionary: int, memory: str) -> str:
    """The memory that was sampled last among this one and those it came from by edits; this one if none was."""
    here = select(memories.c.lineage, memories.c.seq).where(memories.c.id == memory).subquery()
    earlier = (memories.c.lineage == here.c.lineage) & (memories.c.seq <= here.c.seq)
    query = select(samples.c.memory).join(memories, memories.c.id == samples.c.memory).join(here, earlier)
    query = query.where(samples.c.dictionary == dictionary).order_by(samples.c.number.desc()).limit(1)
    return tx.scalar(query) or memory


def add_withdrawal(tx: Connection, dictionary: int, withdrawal: Withdrawal) -> None:
    tx.execute(insert(withdrawals).values(dictionary=dictionary, at=now(), **withdrawal._asdict()))


def withdrawn_memories(tx: Connection, dictionary: int) -> set[str]:
    """The memories that automatic rollbacks have taken out of use."""
    return set(tx.scalars(select(withdrawals.c.memory).where(withdrawals.c.dictionary == dictionary)))
