"""What the worker hears from the process of an experiment."""

import subprocess
import sys

import pytest

from service.workflows.laboratory.process import place
from service.workflows.laboratory.wire import Line, lines

SILENCES = 2
SPEAKER = """
import sys
first, second = {halves!r}
sys.stdout.write(first); sys.stdout.flush(); sys.stdin.readline()
sys.stdout.write(second); sys.stdout.flush()
"""


def heard(text: str, cut: int) -> list[Line | None]:
    """What is heard of a process that says the text in two pieces, the second once a silence was heard."""
    command = [sys.executable, "-c", SPEAKER.format(halves=(text[:cut], text[cut:]))]
    found = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for line in lines(process):
            found.append(line)
            if line is None and found.count(None) == SILENCES and process.stdin is not None:
                print(file=process.stdin, flush=True)
    return found


def test_lines_are_heard_whole() -> None:
    """However they are cut on their way, and longer than a pipe holds; the worker looks up meanwhile."""
    said = [Line(0.25, "trying"), Line(document={"finding": "x" * 80_000})]
    text = "".join(f"{line.to_json()}\n" for line in said)
    for cut in (10, len(text) // 2):
        assert [line for line in heard(text, cut) if line is not None] == said


def test_a_silent_process_keeps_nobody_waiting() -> None:
    """The worker looks up again and again while it hears nothing, and stops when the process ends."""
    assert heard("", 0).count(None) >= SILENCES


def test_figures_that_are_none_are_not_said() -> None:
    """An infinity in a document is an error here, not a hole at whoever reads it."""
    with pytest.raises(ValueError, match="JSON"):
        Line(document={"loss": float("inf")}).to_json()


def test_an_error_says_its_kind_and_place_alone() -> None:
    """Its message may hold a name."""
    with pytest.raises(AttributeError) as caught:
        lines_of_nothing()
    said = place(caught.value)
    assert said.startswith("AttributeError at workflows/laboratory/wire.py:")
    assert "confidential" not in said


def lines_of_nothing() -> None:
    next(lines("confidential"))  # type: ignore[arg-type]
