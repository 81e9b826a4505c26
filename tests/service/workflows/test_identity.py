"""A data folder beside another database is refused before anything of it is touched."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.errors import Unprocessable
from service.settings import Settings
from service.storage import Database
from service.storage.migrate import upgrade
from service.workflows.audit import Auditor
from service.workflows.identity import FILE, check_identity
from service.workflows.ledger import dictionaries
from service.workflows.sweep import sweep

Installation = tuple[Database, Settings]
Install = Callable[[str], Installation]


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """A function that makes a database and a data folder of this name."""
    with ExitStack() as opened:

        def made(name: str) -> Installation:
            settings = Settings(data=tmp_path / name, database_url=f"sqlite:///{tmp_path / name}.db")
            settings.make_folders()
            db = Database(settings.database)
            opened.callback(db.close)
            upgrade(db)
            return db, settings

        yield made


def teach(at: Installation, name: str = "parts") -> None:
    db, settings = at
    dictionaries.create(db, settings, Auditor(db, settings), name, "key")


def list_all(settings: Settings) -> set[str]:
    return {str(path.relative_to(settings.data)) for path in settings.data.rglob("*") if path.is_file()}


def test_what_belongs_together_is_opened_again_and_again(install: Install) -> None:
    """Marked once, with the same mark in all three places."""
    _db, settings = at = install("one")
    for _ in range(3):
        check_identity(*at)
    teach(at)
    check_identity(*at)
    marks = {(folder / FILE).read_text() for folder in (settings.data, settings.secrets)}
    assert len(marks) == 1
    assert marks.pop().startswith("fst_")


@pytest.mark.parametrize("taught", [True, False])
def test_another_database_is_refused(install: Install, taught: bool) -> None:
    """A new one and one in use: the sentence names both, and nothing in the folder is swept."""
    one, other = install("one"), install("other")
    check_identity(*one)
    teach(one)
    if taught:
        check_identity(*other)
        teach(other)
    (one[1].memories / "mem_1").mkdir()
    (one[1].memories / "mem_1" / "bank.safetensors").write_bytes(b"weights")
    before, wrong = list_all(one[1]), (other[0], one[1])
    with pytest.raises(Unprocessable) as refused:
        check_identity(*wrong)
    assert str(one[1].data) in refused.value.detail
    assert "other.db" in refused.value.detail
    sweep(*wrong)
    assert list_all(one[1]) == before


def test_a_folder_from_before_the_marks_is_known_by_its_dictionaries(install: Install) -> None:
    """With its own database it is marked; beside another one it is refused, whichever is without a mark."""
    one, other = install("one"), install("other")
    teach(one)
    teach(other)
    for wrong in ((other[0], one[1]), (one[0], other[1])):
        with pytest.raises(Unprocessable, match="knows none"):
            check_identity(*wrong)
    check_identity(*one)
    with pytest.raises(Unprocessable, match="knows none"):
        check_identity(one[0], other[1])


def test_an_empty_folder_beside_a_database_in_use_is_refused(install: Install) -> None:
    """A folder that is not mounted looks like this."""
    one, empty = install("one"), install("empty")
    check_identity(*one)
    teach(one)
    with pytest.raises(Unprocessable, match="is empty"):
        check_identity(one[0], empty[1])


def test_lost_marks_are_written_again(install: Install) -> None:
    """Where what is there speaks for the folder, and where a kill came between the database and the files."""
    at = _db, settings = install("one")
    check_identity(*at)
    for folder in (settings.data, settings.secrets):
        (folder / FILE).unlink()
    check_identity(*at)
    teach(at)
    (settings.secrets / FILE).unlink()
    check_identity(*at)
    assert (settings.secrets / FILE).read_text() == (settings.data / FILE).read_text()


def test_the_mark_of_another_secrets_folder_is_refused(install: Install) -> None:
    one, other = install("one"), install("other")
    for at in (one, other):
        check_identity(*at)
        teach(at)
    shutil.rmtree(one[1].secrets)
    shutil.copytree(other[1].secrets, one[1].secrets)
    with pytest.raises(Unprocessable, match="secrets belongs to the database marked"):
        check_identity(*one)


@pytest.mark.services  # whose driver is not there without them
def test_a_password_is_not_named() -> None:
    db = Database("postgresql://someone:confidential@127.0.0.1:1/facts")
    assert "confidential" not in db.name
    assert "127.0.0.1" in db.name
    db.close()
