"""kill -9 in the middle of edits: every acknowledged edit is there, and none is there in part."""

from pathlib import Path

from tests.benchmarks.killed_edits import kill_repeatedly

KILLS = 1  # the benchmark that makes them kills a hundred times


def test_every_acknowledged_edit_survives_a_kill(tmp_path: Path) -> None:
    """The service is killed while a client edits batch after batch; started again, it holds every acknowledged batch
    and at most the one under way, each whole, in the ledger and in the memory alike.
    """
    assert kill_repeatedly(tmp_path, KILLS) == []
