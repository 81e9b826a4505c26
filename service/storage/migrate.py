"""Bring a database to the newest shape; packaged with the service and run at every start."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from service.storage.database import Database


def upgrade(db: Database) -> None:
    """Run the missing migrations in one transaction; two processes that start together wait for each other."""
    with db.writing() as tx:
        config = _config()
        config.attributes["connection"] = tx
        command.upgrade(config, "head")


def is_current(tx: Connection) -> bool:
    """Whether the database has the shape this code was written for."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(tx).get_current_revision() == wanted


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
