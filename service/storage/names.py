"""The other names of a dictionary's subjects and relations, and its question templates."""

from sqlalchemy import Connection, delete, insert, select

from schemas.names import NameAlias, Names, NamesPut
from service.storage.bulk import insert_rows
from service.storage.changes import announce
from service.storage.stamps import now
from service.storage.tables.privacy import name_aliases, naming

NONE = Names(aliases=[], templates=[], version=0, changed_at=None, by=None)


def read_current(tx: Connection, dictionary: int) -> Names:
    """The other names of a dictionary; `NONE` where none were ever set."""
    row = tx.execute(select(naming).where(naming.c.dictionary == dictionary)).first()
    if row is None:
        return NONE
    mine = select(name_aliases).where(name_aliases.c.dictionary == dictionary)
    rows = tx.execute(mine.order_by(name_aliases.c.kind, name_aliases.c.alias))
    aliases = [NameAlias(kind=each.kind, alias=each.alias, name=each.name) for each in rows]
    return Names(aliases=aliases, templates=row.templates, version=row.version, changed_at=row.at, by=row.by)


def read_version(tx: Connection, dictionary: int) -> int:
    return tx.scalar(select(naming.c.version).where(naming.c.dictionary == dictionary)) or 0


def put(tx: Connection, dictionary: int, wanted: NamesPut, by: str) -> None:
    """Set these names in place of all earlier ones."""
    following = read_version(tx, dictionary) + 1
    for table in (name_aliases, naming):
        tx.execute(delete(table).where(table.c.dictionary == dictionary))
    made = {"dictionary": dictionary, "version": following, "at": now(), "by": by}
    tx.execute(insert(naming).values(templates=wanted.templates, **made))
    rows = [(dictionary, each.kind, each.alias, each.name) for each in wanted.aliases]
    insert_rows(tx, name_aliases, ("dictionary", "kind", "alias", "name"), rows, len(rows))
    announce(tx)
