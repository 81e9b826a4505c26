"""The facts of an earlier ledger version made to hold again, as a new version: two statements, whatever the size."""

from sqlalchemy import Connection, insert, literal, select, update

from service.storage import dictionaries
from service.storage.tables import facts, ledger_versions

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


def to_version(tx: Connection, row: dictionaries.Row, version: int, upload: int) -> int:
    """End what began after `version` and let what ended after it begin again, each fact from the upload and line that
    taught it. Returns the new ledger version, opened by `upload`.
    """
    pairs, held = _sizes(tx, row.number, version)
    opened = dictionaries.advance(tx, row, upload, pairs=pairs, facts=held)
    here = facts.c.dictionary == row.number
    began = (here, facts.c.until.is_(None), facts.c.since > version)
    tx.execute(update(facts).where(*began).values(until=opened))
    ended = (here, facts.c.since <= version, facts.c.until > version)
    again = select(literal(row.number), *_KEPT, literal(opened)).where(*ended).order_by(facts.c.id)
    tx.execute(insert(facts).from_select(_COPIED, again))
    return opened


def _sizes(tx: Connection, dictionary: int, version: int) -> tuple[int, int]:
    """Pairs and facts at `version`; the empty ledger before the first upload has none."""
    sizes = select(ledger_versions.c.pairs, ledger_versions.c.facts)
    row = tx.execute(
        sizes.where(ledger_versions.c.dictionary == dictionary, ledger_versions.c.version == version)
    ).first()
    return (row.pairs, row.facts) if row else (0, 0)
