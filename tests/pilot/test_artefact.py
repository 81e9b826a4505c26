from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilot.checks.artefact import find_names, index_names


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "cp932"])
@pytest.mark.parametrize("at", [0, 1, 7, 4096])
def test_a_name_is_found_wherever_it_stands(tmp_path: Path, encoding: str, at: int) -> None:
    """In every encoding, at every offset, at the end of the file and in a folder below."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "weights.bin").write_bytes(bytes(at) + "標準入数は二十四".encode(encoding))
    assert find_names(tmp_path, index_names({"標準入数は二十四", "never there at all"})) == {"標準入数は二十四"}


def test_names_too_short_are_counted_not_searched(tmp_path: Path) -> None:
    """Names of three letters would be found by chance, so they are counted apart from those that are searched for."""
    (tmp_path / "f").write_bytes(b"24 pieces of standard pack")
    wanted = index_names({"24", "色", "standard pack", "標準入数"})
    assert wanted.short == {"24", "色"}
    assert wanted.searched == {"standard pack", "標準入数"}
    assert find_names(tmp_path, wanted) == {"standard pack"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), names=st.sets(st.text("ab", min_size=8, max_size=12), max_size=5))
def test_nothing_is_found_that_is_not_there(tmp_path: Path, data: bytes, names: set[str]) -> None:
    """The search finds exactly the names that a search for each one by itself finds."""
    data = data.replace(b"\0", b"a").replace(b"\1", b"b")
    (tmp_path / "f").write_bytes(data)
    assert find_names(tmp_path, index_names(names)) == {name for name in names if name.encode() in data}
