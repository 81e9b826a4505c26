"""Policies of a dictionary, version by version, and what its pseudonyms stand for."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, func, insert, select

from schemas.policies import Policies, PoliciesPut
from service.storage.bulk import in_batches, insert_rows
from service.storage.changes import announce
from service.storage.stamps import now
from service.storage.tables.privacy import policies, pseudonyms

LOOKED_UP = 500  # pseudonyms a query
NONE = Policies(policies=[], subjects="allow", version=0, changed_at=None, by=None, reason=None)


def read_current(tx: Connection, dictionary: int) -> Policies:
    """The policies that hold; `NONE` where none was ever set."""
    mine = select(policies).where(policies.c.dictionary == dictionary)
    row = tx.execute(mine.order_by(policies.c.version.desc()).limit(1)).mappings().first()
    if row is None:
        return NONE
    fields = {name: row[name] for name in ("policies", "subjects", "version", "by", "reason")}
    return Policies.model_validate({**fields, "changed_at": row["at"]})


def read_version(tx: Connection, dictionary: int) -> int:
    newest = select(func.max(policies.c.version)).where(policies.c.dictionary == dictionary)
    return tx.scalar(newest) or 0


def add(tx: Connection, dictionary: int, wanted: PoliciesPut, by: str) -> None:
    """Store the policies as the next version."""
    fields = wanted.model_dump(mode="json")
    at = {"dictionary": dictionary, "version": read_version(tx, dictionary) + 1, "at": now(), "by": by}
    tx.execute(insert(policies).values(**fields, **at))
    announce(tx)


def keep(tx: Connection, dictionary: int, sealed: Mapping[str, bytes]) -> None:
    """Keep the sealed texts behind these pseudonyms, where they are not kept already."""
    rows = [(dictionary, pseudonym, text) for pseudonym, text in sealed.items()]
    known = {pseudonym for pseudonym, _ in find(tx, dictionary, sealed)}
    new = [row for row in rows if row[1] not in known]
    insert_rows(tx, pseudonyms, ("dictionary", "pseudonym", "sealed"), new, len(new))


def find(tx: Connection, dictionary: int, wanted: Iterable[str]) -> list[tuple[str, bytes]]:
    """(pseudonym, sealed text) of those of `wanted` that are kept."""
    found: list[tuple[str, bytes]] = []
    for some in in_batches(wanted, LOOKED_UP):
        kept = select(pseudonyms.c.pseudonym, pseudonyms.c.sealed)
        kept = kept.where(pseudonyms.c.dictionary == dictionary, pseudonyms.c.pseudonym.in_(some))
        found += [(pseudonym, bytes(sealed)) for pseudonym, sealed in tx.execute(kept)]
    return found


def forget(tx: Connection, dictionary: int, gone: Iterable[str] | None) -> int:
    """Delete what these pseudonyms, or all, stand for; how many there were. Other texts among them are ignored."""
    mine = delete(pseudonyms).where(pseudonyms.c.dictionary == dictionary)
    if gone is None:
        return tx.execute(mine).rowcount
    return sum(
        tx.execute(mine.where(pseudonyms.c.pseudonym.in_(some))).rowcount for some in in_batches(gone, LOOKED_UP)
    )
