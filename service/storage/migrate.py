"""Bring a database to the newest shape; packaged with the service and run at every start.

Whether it has that shape is one SELECT. Alembic, which takes half a second to load, is needed only where it has not.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from service.settings import Settings
from service.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def open_database(settings: Settings) -> Database:
    """Open the database of a data folder and migrate it to the newest shape; makes what is missing."""
    settings.make_folders()
    db = Database(settings.database)
    upgrade(db)
    return db


def upgrade(db: Database) -> None:
    """Run the missing migrations in one transaction; two processes that start together wait for each other."""
    with db.reading() as tx:
        if is_current(tx):
            return
    with db.writing() as tx:
        _upgrade(tx)


def is_current(tx: Connection) -> bool:
    """Whether the database has the shape this code was written for."""
    return inspect(tx).has_table("alembic_version") and _revision(tx) == HEAD


def _revision(tx: Connection) -> str | None:
    """The newest migration that this database has run."""
    revision: str | None = tx.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(tx: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - see the head of this file
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
