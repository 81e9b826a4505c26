"""The mark that a database shares with the data folder that belongs to it."""

from sqlalchemy import Connection, insert, select

from service.storage.tables import identity


def find(tx: Connection) -> str | None:
    return tx.scalar(select(identity.c.mark))


def add(tx: Connection, mark: str) -> None:
    tx.execute(insert(identity).values(mark=mark))
