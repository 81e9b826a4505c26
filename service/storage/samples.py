"""Samples of a memory's pairs, and the memories that the champion left because of what was found in them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from schemas.reviews import ReviewState, Sample
from service.storage.bulk import fetch_columns
from service.storage.facts import holding
from service.storage.stamps import now
from service.storage.tables import facts, memories
from service.storage.tables.reviews import reviews, samples, withdrawals


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


def pairs(tx: Connection, dictionary: int, version: int) -> tuple[list[str], list[str], list[int]]:
    """The pairs that hold at `version`: subjects, relations, and since which version."""
    columns = (facts.c.subject, facts.c.relation, func.max(facts.c.since))
    held = select(*columns).where(holding(dictionary, version)).group_by(facts.c.subject, facts.c.relation)
    subjects, relations, since = fetch_columns(tx, held)
    return subjects, relations, since


def add(tx: Connection, dictionary: int, sample: Sample, by: str) -> None:
    tx.execute(insert(samples).values(dictionary=dictionary, by=by, at=now(), **sample.model_dump()))


def of_memory(tx: Connection, dictionary: int, memory: str) -> list[Weighed]:
    """Every item that was drawn from this memory's pairs."""
    joined = reviews.join(samples, samples.c.id == reviews.c.sample)
    weighed = (reviews.c.probability, samples.c.drawn, samples.c.population)
    query = select(*weighed, reviews.c.state, reviews.c.subject, reviews.c.relation, reviews.c.answers)
    here = (reviews.c.dictionary == dictionary, reviews.c.memory == memory)
    rows = tx.execute(query.select_from(joined).where(*here))
    return [Weighed(*row[:3], ReviewState(row[3]), (row[4], row[5]), row[6]) for row in rows]


def newest_of(tx: Connection, dictionary: int, memory: str) -> str:
    """The memory that was sampled last among this one and those it came from by edits; this one if none was."""
    here = select(memories.c.lineage, memories.c.seq).where(memories.c.id == memory).subquery()
    earlier = (memories.c.lineage == here.c.lineage) & (memories.c.seq <= here.c.seq)
    query = select(samples.c.memory).join(memories, memories.c.id == samples.c.memory).join(here, earlier)
    query = query.where(samples.c.dictionary == dictionary).order_by(samples.c.number.desc()).limit(1)
    return tx.scalar(query) or memory


def withdraw(tx: Connection, dictionary: int, withdrawal: Withdrawal) -> None:
    tx.execute(insert(withdrawals).values(dictionary=dictionary, at=now(), **withdrawal._asdict()))


def withdrawn(tx: Connection, dictionary: int) -> set[str]:
    """The memories that the champion left by itself."""
    return set(tx.scalars(select(withdrawals.c.memory).where(withdrawals.c.dictionary == dictionary)))
