"""Reading the ledger: page by page or as CSV, at its newest version or an earlier one."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

from schemas.facts import FactPage, FactSearch
from service.errors import Unprocessable
from service.facts import trimmed
from service.ingest.table import neutralise_formula
from service.storage import Database, Transaction, dictionaries, facts, lookup
from service.storage.dictionaries import get_dictionary
from service.workflows.access.relations import Sight, seen_names
from service.workflows.active_policies import get_active
from service.workflows.cursors import open_cursor, seal

_TITLES = ("subject", "relation", "answer")


def search(db: Database, secrets: Path, ref: str, query: FactSearch, sight: Sight) -> FactPage:
    """One page; its cursor asks for the next one, in the same ledger version. A caller who sees only some relations
    gets no line numbers: their gaps would count the other facts. A subject with a pseudonym is found by either name.
    """
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        subject = None if query.subject is None else get_active(tx, secrets, row).subject(query.subject)
        wanted = _name(subject), _name(query.relation)
        seen = seen_names(tx, row.number, sight.relations(row.id))
        place = _after(query, row)
        rows, last = lookup.search(tx, row.number, wanted, place, query.limit, seen)
    if seen is not None:
        rows = [fact.model_copy(update={"line": None}) for fact in rows]
    cursor = None if last is None else seal(last, _describe(query, row))
    return FactPage(facts=rows, ledger_version=place.version, cursor=cursor)


def export(db: Database, ref: str, as_of: int | None, sight: Sight, *, raw: bool) -> Iterator[str]:
    """Export facts as CSV, in the order of their upload; `raw` keeps cells that a spreadsheet would run, and can be
    uploaded again.
    """
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        version = version_of(row, as_of)
        seen = seen_names(tx, row.number, sight.relations(row.id))
    return _csv(db, row.number, version, seen, raw=raw)


def version_of(row: dictionaries.Row, as_of: int | None) -> int:
    """The ledger version asked for; the newest where none is named. Raises Unprocessable for a later one."""
    if as_of is not None and as_of > row.ledger_version:
        raise Unprocessable(f"the ledger's newest version is {row.ledger_version}")
    return row.ledger_version if as_of is None else as_of


def _csv(db: Database, dictionary: int, version: int, seen: list[str] | None, *, raw: bool) -> Iterator[str]:
    with db.reading() as tx:
        yield _lines([_choose_header(tx, dictionary, version, seen)])
        for rows in facts.read_rows(tx, dictionary, version, seen):
            yield _lines(rows if raw else ([neutralise_formula(cell) for cell in row] for row in rows))


def _choose_header(tx: Transaction, dictionary: int, version: int, seen: list[str] | None) -> Sequence[str]:
    """A header that equals none of the facts, which would be taken for a repeated header where the file is read again:
    `subject,relation,answer`, or that with capitals among its letters.
    """
    subjects, relations, answers = map(_write_in_capitals, _TITLES)
    for pair in product(subjects, relations):
        held = lookup.find_pairs(tx, dictionary, version, [pair]) if seen is None or pair[1] in seen else {}
        taken = {trimmed(answer) for source in held.values() for answer in source.answers}
        for answer in answers:
            if answer not in taken:
                return *pair, answer
    return _TITLES


def _write_in_capitals(title: str) -> list[str]:
    """The title with each of its letters small or capital, in every way; with small ones alone first."""
    return ["".join(letters) for letters in product(*zip(title, title.upper(), strict=True))]


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _after(query: FactSearch, row: dictionaries.Row) -> lookup.Place:
    if query.cursor is None:
        return lookup.first_place(version_of(row, query.as_of))
    place = lookup.Place.parse(open_cursor(query.cursor, _describe(query, row)))
    if place is None or place.version > row.ledger_version or query.as_of not in {None, place.version}:
        raise Unprocessable("this cursor does not belong to this search")
    return place


def _describe(query: FactSearch, row: dictionaries.Row) -> tuple[str | None, ...]:
    return "facts", row.id, _name(query.subject), _name(query.relation)


def _name(name: str | None) -> str | None:
    """A name as the ledger stores it."""
    return None if name is None else trimmed(name)
