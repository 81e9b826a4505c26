"""What another process has committed is seen, and looking costs next to nothing while nobody writes."""

import os
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
