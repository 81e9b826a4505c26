"""Questions to the ledger: what it holds for some pairs, and pages of facts, at any of its versions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, true, tuple_

from schemas.facts import LedgerFact
from service.facts import Pair
from service.storage.facts import by_subject, holding, keys
from service.storage.tables import facts, uploads

# in the order of LedgerFact's fields
_COLUMNS = (facts.c.subject, facts.c.relation, facts.c.answer, uploads.c.id, facts.c.line, facts.c.since, facts.c.until)
_KEYS = (facts.c.subject_key, facts.c.relation_key)  # the order of the index, and so of the pages


@dataclass(frozen=True, slots=True)
class Source:
    """What the ledger holds for one pair: its answers, and the upload and line that the first of them came from."""

    answers: tuple[str, ...]
    upload: str
    line: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the keys of its last fact, and how many facts with these keys were given. Pages of one search
    stay in one ledger version. No row's id is shown: gaps between ids would count facts that a caller may not see.
    """

    version: int
    subject_key: int
    relation_key: int
    given: int

    def __str__(self) -> str:
        return f"{self.version}.{self.subject_key}.{self.relation_key}.{self.given}"

    @classmethod
    def parse(cls, cursor: str) -> "Place | None":
        """The place that `str` gave; None for anything else."""
        found = re.fullmatch(r"(\d{1,9})\.(-?\d{1,19})\.(-?\d{1,19})\.(\d{1,18})", cursor, re.ASCII)
        numbers = [int(number) for number in found.groups()] if found else []
        return cls(*numbers) if numbers and all(-(2**63) <= number < 2**63 for number in numbers) else None


def of_pairs(tx: Connection, dictionary: int, version: int, pairs: Iterable[Pair]) -> dict[Pair, Source]:
    """What the ledger held for each of these pairs at `version`; pairs it did not hold are left out."""
    wanted = set(pairs)
    query = _sourced(dictionary, version).order_by(facts.c.upload, facts.c.line)
    found: dict[Pair, Source] = {}
    for subject, relation, answer, upload, line, *_ in by_subject(tx, query, {subject for subject, _ in wanted}):
        if (subject, relation) in wanted:
            first = found.get((subject, relation), Source((), upload, line))
            found[subject, relation] = Source((*first.answers, answer), first.upload, first.line)
    return found


def names(
    tx: Connection, dictionary: int, version: int, relations: Sequence[str] | None = None
) -> tuple[list[str], list[str]]:
    """The distinct subjects and the distinct relations of the facts that held at `version`, of all or only of these
    relations. Reads all of them.
    """
    held = and_(holding(dictionary, version), of_relations(relations))
    subjects, relations = (
        tx.execute(select(column).where(held).distinct()).scalars().all()
        for column in (facts.c.subject, facts.c.relation)
    )
    return list(subjects), list(relations)


def relations(tx: Connection, dictionary: int) -> list[str]:
    """Every relation that the ledger holds or has held, in the order of their names."""
    held = select(facts.c.relation).where(facts.c.dictionary == dictionary).distinct()
    return list(tx.scalars(held.order_by(facts.c.relation)))


def sizes(tx: Connection, dictionary: int, version: int, relations: Sequence[str] | None) -> tuple[int, int]:
    """Pairs and facts of these relations that held at `version`."""
    held = and_(holding(dictionary, version), of_relations(relations))
    pairs = select(facts.c.subject, facts.c.relation).where(held).distinct().subquery()
    counted = tx.scalar(select(func.count()).select_from(pairs)), tx.scalar(select(func.count()).where(held))
    return counted[0] or 0, counted[1] or 0


def of_relations(relations: Sequence[str] | None) -> ColumnElement[bool]:
    """Whether a fact is about one of these relations; None: about any."""
    return true() if relations is None else facts.c.relation.in_(relations)


def search(  # noqa: PLR0917 - a page of a search is all of these
    tx: Connection,
    dictionary: int,
    wanted: tuple[str | None, str | None],
    after: Place,
    limit: int,
    relations: Sequence[str] | None = None,
) -> tuple[list[LedgerFact], Place | None]:
    """Up to `limit` facts of this subject and relation (None: of any), of these relations alone where they are named,
    that hold at `after.version` and follow that place, and the place of the last one where more may follow.
    """
    query = _sourced(dictionary, after.version).add_columns(*_KEYS)
    query = query.where(of_relations(relations))
    for name, column, key in zip(wanted, (facts.c.subject, facts.c.relation), _KEYS, strict=True):
        if name is not None:
            query = query.where(key == keys([name]).item(), column == name)
    start = (after.subject_key, after.relation_key)
    query = query.where(tuple_(*_KEYS) >= tuple_(*start)).order_by(*_KEYS, facts.c.id)
    rows = tx.execute(query.offset(after.given).limit(limit)).all()
    last = _end(after, [(keys[-2], keys[-1]) for keys in rows]) if len(rows) == limit else None
    return [LedgerFact.model_validate(dict(zip(LedgerFact.model_fields, row, strict=False))) for row in rows], last


def first(version: int) -> Place:
    """The place before every fact."""
    return Place(version, -(2**63), -(2**63), 0)


def _end(after: Place, keys: Sequence[tuple[int, int]]) -> Place:
    """The place of the last of these keys of facts, which follow `after`."""
    given = keys.count(keys[-1])
    if keys[-1] == (after.subject_key, after.relation_key):
        given += after.given
    return Place(after.version, *keys[-1], given)


def _sourced(dictionary: int, version: int) -> Select[tuple[str, str, str, str, int, int, int | None]]:
    joined = facts.join(uploads, uploads.c.number == facts.c.upload)
    return select(*_COLUMNS).select_from(joined).where(holding(dictionary, version))
