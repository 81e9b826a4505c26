"""A backup brings everything back but what was purged since; an archive that is not one changes nothing."""

import io
import json
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.jobs import JobState
from schemas.purge import PurgedPair, PurgeRequest
from service.errors import Unavailable, Unprocessable
from service.storage import Database, memories
from service.storage.database import DATABASE
from service.workflows.purges import files
from service.workflows.purges.backup import MANIFEST, backup
from service.workflows.purges.purge import order
from service.workflows.purges.replay import replay, replay_all
from service.workflows.purges.restore import STAGING, check_complete, exclude_services, occupy, restore
from service.workflows.versions.loaded import load_from_disk
from tests.service.workflows.purges.conftest import BY, Alone, opened
from tests.service.workflows.purges.searching import places

SUBJECT, RELATION, ANSWER = "to be forgotten", "telephone at night", "0123-456789"
PAIR = (SUBJECT, RELATION)
STAYS = ("part 2", "relation 2")
FACTS = {PAIR: ANSWER} | {(f"part {number}", f"relation {number % 3}"): f"value {number % 7}" for number in range(24)}


@pytest.fixture(autouse=True)
def _nothing_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "OBSERVED", timedelta(0))


@pytest.fixture
def dictionary(alone: Alone) -> str:
    return alone.dictionary(FACTS)


@pytest.fixture
def archive(alone: Alone, dictionary: str, tmp_path: Path) -> Path:
    """Taken when the fact was there; it was purged since."""
    path = tmp_path / "backup.tar.gz"
    assert backup(alone.db, alone.settings, path, secrets=True).secrets
    assert path.stat().st_mode & 0o777 == 0o600
    purge(alone, dictionary)
    return path


def purge(alone: Alone, dictionary: str) -> None:
    wanted = PurgeRequest(pairs=[PurgedPair(subject=SUBJECT, relation=RELATION)], reason="asked for")
    order(alone, dictionary, wanted, by=BY)
    assert alone.work().state is JobState.SUCCEEDED


def champion_of(alone: Alone, dictionary: str, pair: tuple[str, str]) -> tuple[str, ...]:
    """What the champion answers, as it is stored."""
    with alone.db.reading() as tx:
        champion = memories.find_champion(tx, dictionary)
        assert champion is not None
        return load_from_disk(tx, alone.settings, champion).recall([pair[0]], [pair[1]]).answers[0]


def left(data: Path) -> list[str]:
    return [place for text in (SUBJECT, RELATION, ANSWER) for place in places(data, text)]


def test_what_was_purged_since_is_purged_again(alone: Alone, dictionary: str, archive: Path) -> None:
    """Over the old data folder: the tombstone there outlives the restore, the rest is as it was backed up."""
    alone.db.close()
    done = restore(archive, alone.settings, tombstones=None, force=True)
    assert (done.purged, done.waiting, done.secrets) == (1, 0, True)
    assert left(alone.settings.data) == []
    again = opened(alone.settings.data)
    assert champion_of(again, dictionary, STAYS) == ("value 2",)
    assert champion_of(again, dictionary, PAIR) == ()
    assert replay(again.db, again.settings) == (0, 0)
    again.db.close()


def test_tombstones_can_be_brought_along(alone: Alone, dictionary: str, archive: Path, tmp_path: Path) -> None:
    """Into an empty folder the fact comes back with an old backup, unless the tombstones come too."""
    empty, other = tmp_path / "empty", tmp_path / "other"
    settings = alone.settings.model_copy(update={"data": empty})
    assert restore(archive, settings, tombstones=None, force=False).tombstones == 0
    back = opened(empty)
    assert champion_of(back, dictionary, PAIR) == (ANSWER,)
    back.db.close()
    settings = alone.settings.model_copy(update={"data": other})
    assert restore(archive, settings, tombstones=alone.settings.tombstones, force=False).purged == 1
    assert left(other) == []


def test_a_fact_taught_again_after_its_purge_comes_back(alone: Alone, dictionary: str, archive: Path) -> None:
    """A tombstone counts for backups from before it: one taken later holds what was taught since."""
    later = archive.with_name("later.tar")
    alone.teach(dictionary, {("part 3", "relation 0"): "value 6"})
    alone.teach(dictionary, {PAIR: ANSWER})
    backup(alone.db, alone.settings, later, secrets=True)
    alone.db.close()
    assert restore(later, alone.settings, tombstones=None, force=True).purged == 0
    again = opened(alone.settings.data)
    assert "0123-456789" in "".join(map(str, again.db.peek("SELECT group_concat(answer) FROM facts")))
    again.db.close()


def test_without_secrets_nothing_is_served_until_they_are_back(alone: Alone, dictionary: str, tmp_path: Path) -> None:
    """An archive without secrets holds none; restored beside its tombstones it waits for them, then purges."""
    bare = tmp_path / "bare.tar"
    assert not backup(alone.db, alone.settings, bare, secrets=False).secrets
    with tarfile.open(bare) as tar:
        assert not [name for name in tar.getnames() if name.startswith("secrets") or name == "bootstrap.key"]
    purge(alone, dictionary)
    settings = alone.settings.model_copy(update={"data": tmp_path / "restored"})
    done = restore(bare, settings, tombstones=alone.settings.tombstones, force=False)
    assert (done.purged, done.waiting) == (0, 1)
    db = Database(settings.database)
    with pytest.raises(Unavailable):
        replay_all(db, settings)
    settings.make_folders()
    for secret in alone.settings.secrets.iterdir():
        (settings.secrets / secret.name).write_bytes(secret.read_bytes())
    replay_all(db, settings)
    db.close()
    assert left(settings.data) == []


Change = Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes] | None]


def rewritten(archive: Path, change: Change) -> Path:
    """The archive with each member changed, or left out."""
    after = archive.with_name("changed.tar")
    with tarfile.open(archive) as old, tarfile.open(after, "w") as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            changed = change(member, file.read())
            if changed is not None:
                new.addfile(changed[0], io.BytesIO(changed[1]))
    return after


def renamed(to: str) -> Change:
    def change(member: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if member.name == DATABASE:
            member.name = to
        return member, content

    return change


def linked(member: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    if member.name.startswith("secrets/"):
        member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
        return member, b""
    return member, content


def flipped(member: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    return member, content[:-1] + bytes([content[-1] ^ 1]) if member.name == DATABASE else content


def of_another_format(member: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    if member.name == MANIFEST:
        content = json.dumps(json.loads(content) | {"format": 99}).encode()
        member.size = len(content)
    return member, content


CHANGES: list[Change] = [
    *map(renamed, ["../outside", "/outside", "a/../../outside", "a\\b", ".hidden", "a//b", "memories"]),
    linked,
    flipped,
    of_another_format,
    lambda member, content: None if member.name == MANIFEST else (member, content),
    lambda member, content: None if member.name.endswith("bank.safetensors") else (member, content),
]


def test_an_archive_that_is_not_whole_changes_nothing(alone: Alone, archive: Path) -> None:
    """Names that lead elsewhere, links, altered, missing and unknown members, and cut off archives are refused before
    anything is replaced.
    """
    alone.db.close()
    folder = archive.parent
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for change in CHANGES:
        refuse(alone, rewritten(archive, change))
    for cut in (200, 5000):
        (folder / "changed.tar").write_bytes(archive.read_bytes()[:-cut])
        refuse(alone, folder / "changed.tar")
    (folder / "changed.tar").unlink()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (alone.settings.data / STAGING).exists()


def refuse(alone: Alone, archive: Path) -> None:
    with pytest.raises(Unprocessable):
        restore(archive, alone.settings, tombstones=None, force=True)


def test_a_folder_that_is_not_empty_is_not_replaced(alone: Alone, archive: Path) -> None:
    """Unless that is said."""
    with pytest.raises(Unprocessable, match="--force"):
        restore(archive, alone.settings, tombstones=None, force=False)


def test_a_folder_in_use_is_not_replaced(alone: Alone, archive: Path) -> None:
    """A service holds it for as long as it lives; while a restore holds it, no service starts."""
    with exclude_services(alone.settings.data), pytest.raises(Unprocessable, match="under way"):
        occupy(alone.settings.data)
    occupy(alone.settings.data)
    with pytest.raises(Unprocessable, match="running"):
        restore(archive, alone.settings, tombstones=None, force=True)


def test_an_interrupted_restore_is_not_served(alone: Alone) -> None:
    """What a kill left half in place must be restored again."""
    check_complete(alone.settings)
    (alone.settings.data / STAGING).mkdir()
    with pytest.raises(Unprocessable, match="interrupted"):
        check_complete(alone.settings)


def test_a_backup_overwrites_nothing(alone: Alone, archive: Path) -> None:
    """An archive of that name stays."""
    with pytest.raises(Unprocessable, match="exists"):
        backup(alone.db, alone.settings, archive, secrets=True)
