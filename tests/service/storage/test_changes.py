"""What another process has committed is seen, and looking costs next to nothing while nobody writes."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from service.storage import Database
from service.storage.changes import GRAIN, Watch, announce
from service.storage.migrate import upgrade


def test_a_quiet_database_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every commit of another process moves the signal, at whatever time; an old journal spares the question."""
    url = f"sqlite:///{tmp_path / 'factstore.db'}"
    db, other = Database(url), Database(url)
    upgrade(db)
    asked, peek = list[str](), db.peek

    def peeked(statement: str) -> Any:
        asked.append(statement)
        return peek(statement)

    monkeypatch.setattr(db, "peek", peeked)
    watch = Watch(db)
    assert [watch.moved() for _ in range(3)] == [True, False, False]
    assert len(asked) == 3  # written a moment ago: each look is made
    journal = Path(f"{tmp_path / 'factstore.db'}-wal")
    old = journal.stat().st_mtime - 10 * GRAIN
    for _ in range(2):
        os.utime(journal, (old, old))
        watch.moved()
        asked.clear()
        assert [watch.moved() for _ in range(3)] == [False] * 3
        assert asked == []
        with other.writing() as tx:
            announce(tx)
        assert watch.moved()
    db.close()
    other.close()


def test_what_could_not_be_followed_is_seen_again(tmp_path: Path) -> None:
    """Whoever saw the signal move and could not read what had changed asks again, without a further commit."""
    db = Database(f"sqlite:///{tmp_path / 'factstore.db'}")
    upgrade(db)
    watch = Watch(db)
    assert [watch.moved(), watch.moved()] == [True, False]
    watch.forget()
    assert [watch.moved(), watch.moved()] == [True, False]
    db.close()


def test_a_lost_connection_is_opened_again(tmp_path: Path) -> None:
    """The look that meets it fails; the next one does not."""
    db = Database(f"sqlite:///{tmp_path / 'factstore.db'}")
    upgrade(db)
    assert db.peek("SELECT 7") == 7
    assert db._peek_connection is not None
    driver: Any = db._peek_connection.driver_connection
    driver.close()
    with pytest.raises(sqlite3.ProgrammingError):
        db.peek("SELECT 7")
    assert db.peek("SELECT 7") == 7
    db.close()
