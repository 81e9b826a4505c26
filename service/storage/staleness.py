"""What two versions of a ledger differ in: the pairs that one memory cannot have learned and another has."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from service.storage.bulk import fetch_rows
from service.storage.diff import Pair
from service.storage.facts import by_subject
from service.storage.tables import facts


def moved(
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


def _rows(tx: Connection, query: Select[Any], pairs: Collection[Pair] | None) -> Iterable[tuple[Any, ...]]:
    return _all(tx, query) if pairs is None else by_subject(tx, query, {subject for subject, _ in pairs})


def _all(tx: Connection, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    for rows in fetch_rows(tx, query):
        yield from rows
