"""Erasing what was deleted ends well, or changes nothing."""

from pathlib import Path

from sqlalchemy import text

from service.storage import Database


def test_a_reader_does_not_make_the_journal_grow(tmp_path: Path) -> None:
    """While one holds its snapshot nothing is rewritten, however often it is tried; then what was deleted is gone."""
    path = tmp_path / "factstore.db"
    db = Database(f"sqlite:///{path}")
    with db.writing() as tx:
        tx.execute(text("CREATE TABLE a (b BLOB)"))
        tx.execute(text("INSERT INTO a VALUES (CAST('confidential' AS BLOB)), (zeroblob(4000000))"))
    with db.reading() as reader:
        reader.execute(text("SELECT count(*) FROM a")).all()
        with db.writing() as tx:
            tx.execute(text("DELETE FROM a WHERE length(b) < 100"))
        journal = Path(f"{path}-wal")
        before = journal.stat().st_size
        assert [db.erase(0.05) for _ in range(5)] == [False] * 5
        assert journal.stat().st_size == before
    assert db.erase(5.0)
    assert b"confidential" not in path.read_bytes() + journal.read_bytes()
    db.close()
