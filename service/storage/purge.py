"""What a purge finds and changes in the tables, and the records of purges.

`ROWS` and `TEXTS` say of the tables beside the ledger what becomes of a row that mentions a purged fact. A test holds
them against all tables, so that a new column of text has to take a side. What stays are rules that an admin wrote
(grants, policies): a relation that they name is no fact, and forgetting the rule would open what it closes.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import starmap
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Table, delete, func, insert, or_, select, update

from schemas.jobs import JobKind, JobState
from service.facts import Pair
from service.storage.bulk import fetch_rows, in_batches
from service.storage.changes import announce
from service.storage.facts import by_subject
from service.storage.shadow import UNTAUGHT
from service.storage.stamps import now
from service.storage.tables import alias_events, facts, idempotency, jobs, memories, refused, uploads
from service.storage.tables.privacy import name_aliases, naming, policies, pseudonyms, purges
from service.storage.tables.reviews import (
    live_unknowns,
    live_use,
    measurements,
    priorities,
    reviews,
    shadow_counts,
    shadow_disagreements,
)

LOOKED_UP = 500  # values a query

Mentions = Callable[[Sequence[str]], bool]
Rewrite = Callable[[Any], Any]


class LedgerRow(NamedTuple):
    """A row of the ledger: a fact that holds in the versions `since <= v < until`."""

    id: int
    subject: str
    relation: str
    answer: str
    upload: int
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class PurgeRecord:
    """A purge as it is kept. `tombstone` has the commitments; `withdrawn` and `reports` are ids of what is to go."""

    id: str
    dictionary: int
    at: datetime
    by: str
    tombstone: dict[str, list[str]]
    withdrawn: list[str]
    reports: list[str]


# Rows that go when one of these columns mentions a purged fact.
ROWS: Mapping[Table, tuple[Column[Any], ...]] = {
    reviews: (
        reviews.c.subject,
        reviews.c.relation,
        reviews.c.answers,
        reviews.c.expected,
        reviews.c.corrected,
        reviews.c.note,
        reviews.c.reason,
    ),
    live_unknowns: (live_unknowns.c.subject, live_unknowns.c.relation),
    live_use: (live_use.c.relation,),
    priorities: (priorities.c.subject, priorities.c.relation),
    name_aliases: (name_aliases.c.alias, name_aliases.c.name),
    pseudonyms: (pseudonyms.c.pseudonym,),
    shadow_counts: (shadow_counts.c.relation,),
    shadow_disagreements: (
        shadow_disagreements.c.subject,
        shadow_disagreements.c.relation,
        shadow_disagreements.c.champion_said,
        shadow_disagreements.c.challenger_said,
    ),
}

# Columns in which what mentions a purged fact is overwritten, and the row stays.
TEXTS: Mapping[Table, tuple[Column[Any], ...]] = {
    jobs: (jobs.c.params, jobs.c.result, jobs.c.problem),
    alias_events: (alias_events.c.reason,),
    measurements: (measurements.c.figures,),
    naming: (naming.c.templates,),
    policies: (policies.c.reason,),
}


def find_rows(tx: Connection, dictionary: int, pairs: Collection[Pair], subjects: Collection[str]) -> list[LedgerRow]:
    """Every row that the ledger has of these pairs and of these subjects, at whatever version it held."""
    near = by_subject(tx, _rows(dictionary), {subject for subject, _ in pairs} | set(subjects))
    return [row for row in starmap(LedgerRow, near) if (row.subject, row.relation) in pairs or row.subject in subjects]


def list_rows(tx: Connection, dictionary: int) -> Iterator[LedgerRow]:
    """Every row of the ledger."""
    yield from starmap(LedgerRow, _each(tx, _rows(dictionary)))


def remove_facts(tx: Connection, rows: Iterable[LedgerRow]) -> None:
    for some in in_batches((row.id for row in rows), LOOKED_UP):
        tx.execute(delete(facts).where(facts.c.id.in_(some)))


def find_still_held(tx: Connection, dictionary: int, texts: Collection[str]) -> set[str]:
    """Those of `texts` that a row of the ledger has, as subject, relation or answer. Reads the whole ledger."""
    found: set[str] = set()
    for some in in_batches(sorted(texts), LOOKED_UP):
        for column in (facts.c.subject, facts.c.relation, facts.c.answer):
            query = select(column).where(facts.c.dictionary == dictionary, column.in_(some)).distinct()
            found.update(tx.scalars(query))
    return found


def find_holders(tx: Connection, dictionary: int, rows: Collection[LedgerRow]) -> list[str]:
    """The memories whose ledger version has one of these rows, oldest first."""
    spans = {(row.since, row.until) for row in rows}
    query = select(memories.c.id, memories.c.ledger_version).where(memories.c.dictionary == dictionary)
    return [
        memory
        for memory, version in tx.execute(query.order_by(memories.c.number))
        if any(since <= version and (until is None or version < until) for since, until in spans)
    ]


def restart_jobs(tx: Connection, dictionary: int) -> None:
    """Take every running job from its worker: what it has read may hold what was purged. It is done again."""
    running = (jobs.c.dictionary == dictionary, jobs.c.state == JobState.RUNNING, jobs.c.kind != JobKind.PURGE)
    again = {"state": JobState.QUEUED, "worker": None, "lease_until": None, "step": "queued", "progress": 0.0}
    tx.execute(update(jobs).where(*running).values(**again, restarts=jobs.c.restarts + 1))


def list_begun_reports(tx: Connection, dictionary: int) -> list[str]:
    """The ids of the reports that were begun up to now."""
    mine = (jobs.c.dictionary == dictionary, jobs.c.kind == JobKind.REPORT, jobs.c.started_at.is_not(None))
    return list(tx.scalars(select(jobs.c.id).where(*mine).order_by(jobs.c.number)))


def list_stale_reports(tx: Connection, purge: PurgeRecord) -> list[str]:
    """Of the reports begun before the purge, those that were neither written after it nor are being written."""
    before = or_(jobs.c.ended_at.is_(None), jobs.c.ended_at <= purge.at)
    idle = (jobs.c.id.in_(purge.reports), jobs.c.state != JobState.RUNNING, before)
    return list(tx.scalars(select(jobs.c.id).where(*idle)))


def void_replies(tx: Connection, dictionary: int) -> None:
    """Overwrite every reply kept under an Idempotency-Key. The key stays taken: its request must not be done again."""
    tx.execute(update(idempotency).where(idempotency.c.dictionary == dictionary).values(fingerprint="purged", reply={}))


def list_receipts(tx: Connection, dictionary: int) -> list[tuple[int, dict[str, Any]]]:
    """The number and receipt of every uploaded file."""
    query = select(uploads.c.number, uploads.c.receipt).where(uploads.c.dictionary == dictionary)
    return [(number, receipt) for number, receipt in tx.execute(query) if receipt is not None]


def write_receipt(tx: Connection, upload: int, receipt: dict[str, Any]) -> None:
    tx.execute(update(uploads).where(uploads.c.number == upload).values(receipt=receipt))


def blank_refused(tx: Connection, dictionary: int, mentions: Mentions, text: str) -> set[int]:
    """Overwrite the text and detail of refused rows that mention a purged fact; returns the uploads they belong to."""
    query = select(refused.c.number, refused.c.upload, refused.c.detail, refused.c.text)
    query = query.join(uploads, uploads.c.number == refused.c.upload).where(uploads.c.dictionary == dictionary)
    found = [(number, upload) for number, upload, *texts in _each(tx, query) if mentions(texts)]
    for some in in_batches((number for number, _ in found), LOOKED_UP):
        tx.execute(update(refused).where(refused.c.number.in_(some)).values(detail=text, text=text))
    return {upload for _, upload in found}


def remove_rows(tx: Connection, dictionary: int, mentions: Mentions) -> int:
    """Delete the rows of `ROWS` that mention a purged fact, and return how many those were."""
    removed = 0
    for table, columns in ROWS.items():
        keys = list(table.primary_key)
        query = select(*keys, *columns).where(table.c.dictionary == dictionary)
        for row in list(tx.execute(query)):
            if mentions(list(_texts(row[len(keys) :]))):
                here = [key == value for key, value in zip(keys, row, strict=False)]
                removed += tx.execute(delete(table).where(*here)).rowcount
    if removed:
        announce(tx)
    return removed


def rewrite_texts(tx: Connection, dictionary: int, rewrite: Rewrite) -> None:
    """Put every value of `TEXTS` through `rewrite` and store those that come out changed."""
    for table, columns in TEXTS.items():
        keys = list(table.primary_key)
        query = select(*keys, *columns).where(table.c.dictionary == dictionary)
        for row in list(tx.execute(query)):
            before = row[len(keys) :]
            after = {column.name: rewrite(value) for column, value in zip(columns, before, strict=True)}
            if list(after.values()) != list(before):
                here = [key == value for key, value in zip(keys, row, strict=False)]
                tx.execute(update(table).where(*here).values(after))


def add(tx: Connection, purge: PurgeRecord) -> None:
    kept = {name: getattr(purge, name) for name in PurgeRecord.__dataclass_fields__}
    tx.execute(insert(purges).values(kept))


def find(tx: Connection, purge_id: str) -> PurgeRecord | None:
    row = tx.execute(select(*_PURGE).where(purges.c.id == purge_id)).first()
    return None if row is None else PurgeRecord(*row)


def list_ids(tx: Connection) -> set[str]:
    return set(tx.scalars(select(purges.c.id)))


def count(tx: Connection, dictionary: int) -> int:
    """How often the dictionary was purged: what was read of its ledger before must not be used after."""
    return tx.scalar(select(func.count()).where(purges.c.dictionary == dictionary)) or 0


def read_commitments(tx: Connection, dictionary: int) -> tuple[set[str], set[str]]:
    """The commitments of every pair and of every subject that was ever purged from the dictionary."""
    pairs, subjects = set[str](), set[str]()
    for tombstone in tx.scalars(select(purges.c.tombstone).where(purges.c.dictionary == dictionary)):
        pairs.update(tombstone["pairs"])
        subjects.update(tombstone["subjects"])
    return pairs, subjects


def list_disagreements(tx: Connection, dictionary: int) -> dict[int, Pair]:
    """The pair of every listed disagreement, by the number of its row."""
    columns = (shadow_disagreements.c.number, shadow_disagreements.c.subject, shadow_disagreements.c.relation)
    rows = tx.execute(select(*columns).where(shadow_disagreements.c.dictionary == dictionary))
    return {number: (subject, relation) for number, subject, relation in rows}


def remove_disagreements(tx: Connection, numbers: Collection[int]) -> None:
    for some in in_batches(sorted(numbers), LOOKED_UP):
        tx.execute(delete(shadow_disagreements).where(shadow_disagreements.c.number.in_(some)))


def forget_relations(tx: Connection, dictionary: int) -> None:
    """Remove counts under relations that no row of the ledger has."""
    known = select(facts.c.relation).where(facts.c.dictionary == dictionary)
    for table in (live_use, shadow_counts):
        unknown = (table.c.relation.is_not(None), table.c.relation != UNTAUGHT, table.c.relation.not_in(known))
        tx.execute(delete(table).where(table.c.dictionary == dictionary, *unknown))


def finish(tx: Connection, purge_id: str) -> None:
    tx.execute(update(purges).where(purges.c.id == purge_id).values(finished_at=now()))


def list_unfinished(tx: Connection) -> list[PurgeRecord]:
    """The purges with work left that no open job will do."""
    open_jobs = select(jobs.c.params).where(
        jobs.c.kind == JobKind.PURGE, jobs.c.state.in_((JobState.QUEUED, JobState.RUNNING))
    )
    taken = {params["purge"] for params in tx.scalars(open_jobs)}
    rows = tx.execute(select(*_PURGE).where(purges.c.finished_at.is_(None)).order_by(purges.c.number))
    return [purge for purge in (PurgeRecord(*row) for row in rows) if purge.id not in taken]


_PURGE = [purges.c[name] for name in PurgeRecord.__dataclass_fields__]


def _rows(dictionary: int) -> Any:
    columns = (facts.c.id, facts.c.subject, facts.c.relation, facts.c.answer)
    spans = (facts.c.upload, facts.c.since, facts.c.until)
    return select(*columns, *spans).where(facts.c.dictionary == dictionary)


def _each(tx: Connection, query: Any) -> Iterator[tuple[Any, ...]]:
    for rows in fetch_rows(tx, query):
        yield from rows


def _texts(value: Any) -> Iterator[str]:
    """Every text in a row or JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, Sequence | list | tuple):
        for each in value:
            yield from _texts(each)
