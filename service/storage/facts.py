"""The ledger of facts: each holds in the versions `since <= v < until`, so the past is a query."""

import hashlib
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select, update

from service.facts import Facts, Ints, Pair, number_texts, picker
from service.packed import Packed, blocks_of
from service.storage import dictionaries
from service.storage.bulk import fetch_columns, fetch_rows, in_batches, insert_rows, without_collection
from service.storage.diff import Diff, compare
from service.storage.tables import facts

INSERTED = ("dictionary", "subject_key", "relation_key", "subject", "relation", "answer", "upload", "line", "since")
FEW_SUBJECTS = 5_000  # up to here the held facts are looked up by subject, beyond it the whole ledger is read
LOOKED_UP = 500  # keys a query
AT_ONCE = 10_000  # rows that are made at a time


@dataclass(frozen=True, slots=True)
class Plan:
    """What an upload changes: among the facts that hold now (`ids` are their rows) and among those sent."""

    ids: Ints
    sent: Facts
    diff: Diff


class Origin(NamedTuple):
    """What all facts of one upload have in common."""

    dictionary: int
    upload: int
    since: int


def plan(tx: Connection, dictionary: int, sent: Facts, *, replace: bool, spared: Collection[Pair]) -> Plan:
    """What the upload would change; nothing is written."""
    ids, held = _read_current(tx, dictionary, None if replace else _few_distinct(sent.subjects))
    return Plan(ids, sent, compare(held, sent, replace=replace, spared=spared))


def apply(tx: Connection, row: dictionaries.Row, upload: int, plan: Plan) -> int:
    """Write what was planned and return the ledger version that now holds; where nothing changes it stays."""
    diff = plan.diff
    if not diff.changes:
        return row.ledger_version
    pairs = row.pairs + diff.created - diff.deleted
    facts_after = row.facts + len(diff.insert) - len(diff.close)
    version = dictionaries.advance(tx, row, upload, pairs=pairs, facts=facts_after)
    _end_rows(tx, plan.ids[diff.close], version)
    _insert_rows(tx, Origin(row.number, upload, version), plan.sent, diff.insert)
    return version


def read_facts(tx: Connection, dictionary: int, version: int) -> Facts:
    """Every fact that holds at `version`."""
    held = select(facts.c.subject, facts.c.relation, facts.c.answer).where(holds_at(dictionary, version))
    return Facts(*fetch_columns(tx, held))


def read_rows(
    tx: Connection, dictionary: int, version: int, relations: Sequence[str] | None = None
) -> Iterator[list[tuple[str, str, str]]]:
    """Every fact that holds at `version`, of these relations alone where they are named, in lists of (subject,
    relation, answer), in the order they were uploaded.
    """
    held = select(facts.c.subject, facts.c.relation, facts.c.answer).where(holds_at(dictionary, version))
    if relations is not None:
        held = held.where(facts.c.relation.in_(relations))
    yield from fetch_rows(tx, held.order_by(facts.c.upload, facts.c.line))


def holds_at(dictionary: int, version: int) -> ColumnElement[bool]:
    """Whether a fact belongs to the dictionary and holds at `version`. Nearly every fact began before it: the sum keeps
    planners from looking facts up by the version they began in.
    """
    since, until = facts.c.since + 0, facts.c.until
    return and_(facts.c.dictionary == dictionary, since <= version, or_(until.is_(None), until > version))


def search_keys(names: Sequence[str]) -> Ints:
    """The search key of each name; int64. Two names may share one: they only narrow a search."""
    numbers, distinct = number_texts(names)
    digests = bytearray()
    for name in distinct:
        digests += hashlib.blake2b(name.encode(), digest_size=8).digest()
    return np.frombuffer(digests, dtype="<i8")[numbers].astype(np.int64)


def by_subject(tx: Connection, query: Select[Any], subjects: Collection[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of `query` whose subject's key is that of one of `subjects`; a subject's rows come together."""
    for some in in_batches(sorted(search_keys(list(subjects)).tolist()), LOOKED_UP):
        for rows in fetch_rows(tx, query.where(facts.c.subject_key.in_(some))):
            yield from rows


def _read_current(tx: Connection, dictionary: int, subjects: Collection[str] | None) -> tuple[Ints, Facts]:
    """The facts that hold now, of these subjects or of all, with their row ids."""
    current = select(facts.c.id, facts.c.subject, facts.c.relation, facts.c.answer)
    current = current.where(facts.c.dictionary == dictionary, facts.c.until.is_(None))
    found = [by_subject(tx, current, subjects)] if subjects is not None else fetch_rows(tx, current)
    ids, names, relations, answers = array("q"), Packed[str](), Packed[str](), Packed[str]()
    with without_collection():
        for number, subject, relation, answer in chain.from_iterable(found):
            ids.append(number)
            names.append(subject)
            relations.append(relation)
            answers.append(answer)
    return np.array(ids, dtype=np.int64), Facts(names, relations, answers)


def _few_distinct(names: Sequence[str]) -> set[str] | None:
    """The distinct names; None where they are more than are looked up one by one."""
    few = set[str]()
    for block in blocks_of(names):
        few.update(block)
        if len(few) > FEW_SUBJECTS:
            return None
    return few


def _end_rows(tx: Connection, ids: Ints, version: int) -> None:
    """End these facts: `version` is the first in which they no longer hold."""
    if len(ids):
        ended = update(facts).where(facts.c.id == bindparam("fact")).values(until=version)
        tx.execute(ended, [{"fact": fact} for fact in ids.tolist()])


def _insert_rows(tx: Connection, origin: Origin, sent: Facts, chosen: Ints) -> None:
    """Write the chosen facts in the order of their keys: an index that grows at its end is filled fastest."""
    if not len(chosen):
        return
    subject_keys, relation_keys = search_keys(sent.subjects)[chosen], search_keys(sent.relations)[chosen]
    order = np.lexsort((relation_keys, subject_keys))
    picks = [picker(names) for names in (sent.subjects, sent.relations, sent.answers)]
    lines = np.asarray(sent.lines) if sent.lines else np.zeros(len(sent), dtype=np.int64)

    def rows() -> Iterator[tuple[Any, ...]]:
        """Make them a part at a time: as Python's integers they would take several times the room."""
        for part in np.array_split(order, -(-len(order) // AT_ONCE)):
            keys = subject_keys[part].tolist(), relation_keys[part].tolist()
            texts = (pick(chosen[part]) for pick in picks)
            numbers = lines[chosen[part]].tolist()
            yield from zip(
                repeat(origin.dictionary, len(part)),
                *keys,
                *texts,
                repeat(origin.upload, len(part)),
                numbers,
                repeat(origin.since, len(part)),
                strict=True,
            )

    insert_rows(tx, facts, INSERTED, rows(), len(order))
