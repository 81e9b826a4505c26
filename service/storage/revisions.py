"""Revisions: what a batch of edits changes in a ledger, and which pairs have changed between two of its versions."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Integer, Select, and_, bindparam, or_, select, union_all

from schemas.edits import EditOp, EditStatus
from service.facts import Facts, Pair
from service.storage import dictionaries
from service.storage.bulk import fetch_rows
from service.storage.diff import Diff
from service.storage.facts import Plan, by_subject
from service.storage.tables import facts

Answers = frozenset[str]

_PAIR = select(facts.c.subject, facts.c.relation).where(facts.c.dictionary == bindparam("dictionary"))
_MOVED = union_all(  # built once: every edit runs it
    _PAIR.where(facts.c.since > bindparam("after")), _PAIR.where(facts.c.until > bindparam("after"))
).limit(bindparam("most", type_=Integer))


@dataclass(frozen=True, slots=True)
class Item:
    """One edit: the pair's whole new answer, or none where the pair is to go."""

    op: EditOp
    pair: Pair
    answers: Answers = frozenset()


@dataclass(frozen=True, slots=True)
class Revision:
    """What the items of a batch do, in their order, and the plan that `facts.apply` writes. A fact's line is the place
    of its item in the batch, from 1 on.
    """

    statuses: list[EditStatus]
    plan: Plan


def revise(tx: Connection, dictionary: int, items: list[Item]) -> Revision:
    """Work out what the batch would change; nothing is written. No pair stands in it twice."""
    held = _held(tx, dictionary, {item.pair for item in items})
    statuses = [_status(item, frozenset(held.get(item.pair, {}).values())) for item in items]
    changing = [
        (line, item)
        for line, (item, status) in enumerate(zip(items, statuses, strict=True), start=1)
        if status in {EditStatus.CREATED, EditStatus.UPDATED, EditStatus.DELETED}
    ]
    rows = [(*item.pair, answer, line) for line, item in changing for answer in sorted(item.answers)]
    ended = [fact for _, item in changing for fact in held.get(item.pair, {})]
    subjects, relations, answers, lines = zip(*rows, strict=True) if rows else ((), (), (), ())
    diff = Diff(
        insert=np.arange(len(rows)),
        close=np.arange(len(ended)),
        created=statuses.count(EditStatus.CREATED),
        updated=statuses.count(EditStatus.UPDATED),
        unchanged=statuses.count(EditStatus.UNCHANGED),
        deleted=statuses.count(EditStatus.DELETED),
    )
    sent = Facts(subjects, relations, answers, lines)
    return Revision(statuses, Plan(np.array(ended, dtype=np.int64), sent, diff))


def find_changed(tx: Connection, dictionary: int, after: int, most: int) -> set[Pair] | None:
    """The pairs of which a fact began or ended since the ledger version `after`; None for more than `most` facts."""
    rows = tx.execute(_MOVED, {"dictionary": dictionary, "after": after, "most": most + 1})
    moved = [(subject, relation) for subject, relation in rows]
    return None if len(moved) > most else set(moved)


def _status(item: Item, held: Answers) -> EditStatus:
    if item.op is EditOp.DELETE:
        return EditStatus.DELETED if held else EditStatus.ABSENT
    if not held:
        return EditStatus.CREATED
    return EditStatus.UNCHANGED if held == item.answers else EditStatus.UPDATED


def _held(tx: Connection, dictionary: int, pairs: set[Pair]) -> dict[Pair, dict[int, str]]:
    """The facts (row id: answer) that hold now, of each of these pairs that has any."""
    query = select(facts.c.subject, facts.c.relation, facts.c.id, facts.c.answer)
    query = query.where(facts.c.dictionary == dictionary, facts.c.until.is_(None))
    found: dict[Pair, dict[int, str]] = {}
    for subject, relation, fact, answer in by_subject(tx, query, {subject for subject, _ in pairs}):
        if (subject, relation) in pairs:
            found.setdefault((subject, relation), {})[fact] = answer
    return found


def find_moved(
    tx: Connection, dictionary: int, versions: tuple[int, int], pairs: Collection[Pair] | None = None
) -> set[Pair]:
    """The pairs, of these or of all, whose answers differ between two ledger versions, in whichever order they come. A
    pair that was changed and changed back does not differ.
    """
    low, high = sorted(versions)
    began = and_(facts.c.since > low, facts.c.since <= high)
    ended = and_(facts.c.until > low, facts.c.until <= high)
    query = select(facts.c.subject, facts.c.relation, facts.c.answer, facts.c.since, facts.c.until)
    query = query.where(facts.c.dictionary == dictionary, or_(began, ended))
    only_before, only_after = defaultdict[Pair, set[str]](set), defaultdict[Pair, set[str]](set)
    for subject, relation, answer, since, until in _rows(tx, query, pairs):
        if since <= low:
            only_before[subject, relation].add(answer)
        if until is None or until > high:
            only_after[subject, relation].add(answer)
    touched = only_before.keys() | only_after.keys()
    differing = {pair for pair in touched if only_before.get(pair) != only_after.get(pair)}
    return differing if pairs is None else differing & set(pairs)


def find_lost(tx: Connection, row: dictionaries.Row, version: int, held: int) -> set[Pair]:
    """The pairs whose answers are those of today at the ledger version `held`, and others at `version`: what whoever
    moves from the one to the other loses. The number of a version does not tell, for a reset makes an early state the
    newest one.
    """
    stale = find_moved(tx, row.number, (version, row.ledger_version))
    return stale - find_moved(tx, row.number, (held, row.ledger_version)) if stale else stale


def _rows(tx: Connection, query: Select[Any], pairs: Collection[Pair] | None) -> Iterable[tuple[Any, ...]]:
    return _all(tx, query) if pairs is None else by_subject(tx, query, {subject for subject, _ in pairs})


def _all(tx: Connection, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    for rows in fetch_rows(tx, query):
        yield from rows
