"""The facts of an earlier ledger version made to hold again, as a new version: two statements, whatever the size."""

from sqlalchemy import ColumnElement, Connection, func, insert, literal, select, update

from service.storage import dictionaries
from service.storage.bulk import fetch_columns
from service.storage.facts import holds_at
from service.storage.tables import facts

_KEPT = (
    facts.c.subject_key,
    facts.c.relation_key,
    facts.c.subject,
    facts.c.relation,
    facts.c.answer,
    facts.c.upload,
    facts.c.line,
)
_COPIED = ("dictionary", *(column.name for column in _KEPT), "since")


def differs(tx: Connection, dictionary: int, version: int) -> bool:
    """Whether any fact began or ended after `version`."""
    later = (facts.c.since > version, facts.c.until > version)
    found = (tx.scalar(select(facts.c.id).where(facts.c.dictionary == dictionary, moved).limit(1)) for moved in later)
    return any(fact is not None for fact in found)


def list_returning(tx: Connection, dictionary: int, version: int) -> list[list[str]]:
    """Subjects, relations and answers of the facts that held at `version` and do not now, a column each."""
    return fetch_columns(
        tx, select(facts.c.subject, facts.c.relation, facts.c.answer).where(*_ended(dictionary, version))
    )


def reset_to(tx: Connection, row: dictionaries.Row, version: int, upload: int) -> int:
    """End what began after `version` and let what ended after it begin again, each fact from the upload and line that
    taught it. Returns the new ledger version, opened by `upload`.
    """
    pairs, held = _sizes(tx, row.number, version)
    opened = dictionaries.advance(tx, row, upload, pairs=pairs, facts=held)
    here = facts.c.dictionary == row.number
    began = (here, facts.c.until.is_(None), facts.c.since > version)
    tx.execute(update(facts).where(*began).values(until=opened))
    again = select(literal(row.number), *_KEPT, literal(opened)).where(*_ended(row.number, version))
    tx.execute(insert(facts).from_select(_COPIED, again.order_by(facts.c.id)))
    return opened


def _ended(dictionary: int, version: int) -> tuple[ColumnElement[bool], ...]:
    return facts.c.dictionary == dictionary, facts.c.since <= version, facts.c.until > version


def _sizes(tx: Connection, dictionary: int, version: int) -> tuple[int, int]:
    """Pairs and facts at `version`, counted: a purge takes facts out of earlier versions as well."""
    held = holds_at(dictionary, version)
    pairs = select(facts.c.subject, facts.c.relation).where(held).distinct().subquery()
    both = select(select(func.count()).select_from(pairs).scalar_subquery(), func.count()).where(held)
    row = tx.execute(both.select_from(facts)).one()
    return row[0], row[1]
