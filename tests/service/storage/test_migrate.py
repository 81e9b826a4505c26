"""The migrations and the tables say the same."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from service.storage import Database
from service.storage.migrate import is_current, upgrade
from service.storage.tables import metadata


def test_migrations_end_where_the_tables_are(db: Database) -> None:
    """A database made by the migrations differs in nothing from the tables the code uses."""
    with db.reading() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


def test_migrating_again_changes_nothing(db: Database) -> None:
    """Every start migrates, so migrating a current database does nothing."""
    upgrade(db)
    with db.reading() as tx:
        assert is_current(tx)
