"""Tombstones: they name nobody, none can be altered or taken out, and a torn line is made good."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Unprocessable
from service.workflows.purged_names import PURPOSE, Commitments
from service.workflows.purges.tombstone_file import Tombstone, append, check, merge, read, write

SECRET = bytes(range(32))


def tombstone(number: int, dictionary: str = "dic_1") -> Tombstone:
    pair = Commitments(SECRET, PURPOSE).pair(f"subject {number}", "relation").hex()
    return Tombstone(f"prg_{number}", dictionary, "2026-01-01T00:00:00+00:00", [pair], [])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tombstones"
    for number in range(5):
        append(path, SECRET, tombstone(number))
    return path


def test_they_name_nobody(path: Path) -> None:
    """The file has commitments and ids, readable by its owner alone."""
    assert "subject" not in path.read_text().replace('"subjects"', "")
    assert path.stat().st_mode & 0o777 == 0o600


def test_appending_twice_changes_nothing(path: Path) -> None:
    """A purge taken up again writes its tombstone once."""
    before = path.read_bytes()
    append(path, SECRET, tombstone(2))
    assert path.read_bytes() == before
    check(read(path), SECRET)


@pytest.mark.parametrize("at", [0, 2, 3])
def test_what_was_altered_or_taken_out_is_seen(path: Path, at: int) -> None:
    """An entry removed, swapped, slipped in or altered breaks the chain; so does another secret."""
    kept = read(path)
    altered = replace(kept[at], pairs=[])
    tampered = [
        kept[:at] + kept[at + 1 :],
        [*kept[:at], altered, *kept[at + 1 :]],
        [kept[4], *kept[1:4], kept[0]],
        [*kept[:at], replace(kept[at], purge="prg_other"), *kept[at:]],
    ]
    for entries in tampered:
        with pytest.raises(Unprocessable):
            check(entries, SECRET)
    with pytest.raises(Unprocessable):
        check(kept, bytes(32))


@given(st.integers(1, 200))
def test_a_torn_line_is_made_good(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """A write that a crash cut off was never acknowledged: it is left out, and the next append replaces it."""
    path = tmp_path_factory.mktemp("torn") / "tombstones"
    for number in range(3):
        append(path, SECRET, tombstone(number))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert [each.purge for each in read(path)] == ["prg_0", "prg_1"]
    append(path, SECRET, tombstone(2))
    assert path.read_bytes() == whole


def test_copies_are_merged(path: Path) -> None:
    """The longer of two copies counts, dictionary by dictionary; copies that contradict each other are refused."""
    append(path, SECRET, tombstone(9, "dic_2"))
    kept = read(path)
    assert merge(kept[:2], kept, []) == kept
    assert merge(kept[5:], kept[:3]) == [*kept[5:], *kept[:3]]
    with pytest.raises(Unprocessable):
        merge(kept, [replace(kept[0], pairs=["00"])])


def test_a_merged_file_reads_as_written(path: Path, tmp_path: Path) -> None:
    """Writing and reading are each other's inverse."""
    write(tmp_path / "copy", read(path))
    assert read(tmp_path / "copy") == read(path)


@pytest.mark.parametrize("content", [b"[]\n", b"{}\n", b"no\n", b'{"purge": 1}\n', b"\xff\n"])
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is not a list of tombstones is refused, not read as an empty one."""
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Unprocessable):
        read(tmp_path / "file")
