"""Opening a data folder: its database in the newest shape, and nothing in it that was purged."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from service.errors import FactStoreError
from service.settings import Settings
from service.storage import Database
from service.storage.migrate import upgrade
from service.workflows.purges.occupied import occupy
from service.workflows.purges.replay import replay_all
from service.workflows.purges.restore import check_complete


def open_database(settings: Settings) -> Database:
    """The database, migrated."""
    settings.make_folders()
    db = Database(settings.database)
    upgrade(db)
    return db


def open_to_serve(settings: Settings) -> Database:
    """A database that may be served: whole, and without what was purged after it was backed up."""
    with errors_told():
        settings.make_folders()
        occupy(settings.data)
        check_complete(settings)
        db = open_database(settings)
        replay_all(db, settings)
    return db


@contextmanager
def errors_told() -> Iterator[None]:
    """An error of ours as a sentence on stderr and exit code 1."""
    try:
        yield
    except FactStoreError as error:
        tell(error.detail)
        raise typer.Exit(1) from None


def tell(line: str) -> None:
    """A line for whoever runs the command."""
    print(line, file=sys.stderr)  # noqa: T201
