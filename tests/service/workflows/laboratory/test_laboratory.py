"""What the worker hears from the process of an experiment."""

import subprocess
import sys
import time

import pytest

from service.workflows.laboratory.experiments import Line, lines
from service.workflows.laboratory.process import place

SPEAKER = """
import sys, time
first, second = {halves!r}
sys.stdout.write(first); sys.stdout.flush(); time.sleep({pause})
sys.stdout.write(second); sys.stdout.flush()
"""


def read_lines(text: str, cut: int, pause: float) -> list[Line | None]:
    """What is heard of a process that says the text in two pieces."""
    code = SPEAKER.format(halves=(text[:cut], text[cut:]), pause=pause)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        return list(lines(process))


def test_lines_are_heard_whole() -> None:
    """However they are cut on their way, and longer than a pipe holds; the worker looks up meanwhile."""
    said = [Line(0.25, "trying"), Line(document={"finding": "x" * 80_000})]
    text = "".join(f"{line.to_json()}\n" for line in said)
    assert [line for line in read_lines(text, 10, 0) if line is not None] == said
    assert None in read_lines(text, len(text) // 2, 0.6)


def test_a_silent_process_keeps_nobody_waiting() -> None:
    """The worker looks up several times a second, and stops when the process ends."""
    start = time.monotonic()
    assert set(read_lines("", 0, 1.0)) == {None}
    assert time.monotonic() - start < 30


def test_figures_that_are_none_are_not_said() -> None:
    """An infinity in a document is an error here, not a hole at whoever reads it."""
    with pytest.raises(ValueError, match="JSON"):
        Line(document={"loss": float("inf")}).to_json()


def test_an_error_says_its_kind_and_place_alone() -> None:
    """Its message may hold a name."""
    with pytest.raises(AttributeError) as caught:
        lines_of_nothing()
    said = place(caught.value)
    assert said.startswith("AttributeError at workflows/laboratory/experiments.py:")
    assert "confidential" not in said


def lines_of_nothing() -> None:
    next(lines("confidential"))  # type: ignore[arg-type]
