"""A cheap signal that aliases, memories, dictionaries or keys have changed, for the caches of every process."""

import time

from sqlalchemy import Connection, insert, update

from service.storage.database import Database
from service.storage.tables import change_counter


def changes(db: Database) -> int:
    """A number that grows with every committed change. Microseconds on SQLite, a round trip on Postgres."""
    return int(db.peek("SELECT value FROM change_counter"))


GRAIN = 1.0  # seconds; no file system tells times apart more coarsely


class Watch:
    """Looks at the signal again and again, as one caller. On SQLite the time of the journal spares the look while
    nothing was written; within `GRAIN` of a writing every look is made, for a second one may bear the same time.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen = -1
        self._written: float | None = None

    def moved(self) -> bool:
        """Whether the signal has moved since the last call; true at the first."""
        written = self._db.written()
        if written is not None and written == self._written and time.time() - written > GRAIN:
            return False
        before, self._seen, self._written = self._seen, changes(self._db), written
        return self._seen != before

    def forget(self) -> None:
        """Have the next look say that the signal has moved, since the last move could not be followed."""
        self._seen, self._written = -1, None


def announce(tx: Connection) -> None:
    """Move the signal; it becomes visible when `tx` commits."""
    moved = tx.execute(update(change_counter).values(value=change_counter.c.value + 1))
    if moved.rowcount == 0:
        tx.execute(insert(change_counter).values(id=1, value=1))
