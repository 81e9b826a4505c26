"""Soak test: run the whole suite five times, each time under another condition that must make no difference.

Unchanged; in reverse order; under two seeds of Python's string hashes; and next to two processes that keep two cores
busy. Prints a table; exit code 0 if every run passed.

    python -m tests.soak [options of pytest]
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PYTEST = (sys.executable, "-m", "pytest", "-q", "-n", "auto", "--maxprocesses", "4")
SPIN = (sys.executable, "-c", "while True: pass")


@dataclass(frozen=True)
class Condition:
    """How the suite is run: its options, environment variables, and the number of busy processes next to it."""

    name: str
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    busy: int = 0


CONDITIONS = (
    Condition("as it is"),
    Condition("backwards", options=("--reverse",)),
    Condition("PYTHONHASHSEED=1", environment={"PYTHONHASHSEED": "1"}),
    Condition("PYTHONHASHSEED=2", environment={"PYTHONHASHSEED": "2"}),
    Condition("beside two busy processes", busy=2),
)


def main(*options: str) -> int:
    rows = []
    for condition in CONDITIONS:
        print(f"\n== {condition.name}", flush=True)
        start = time.monotonic()
        code = run(condition, options)
        rows.append((condition.name, code, time.monotonic() - start))
    green = sum(code == 0 for _, code, _ in rows)
    print(f"\n{'run':<28}{'result':<12}seconds")
    for name, code, seconds in rows:
        print(f"{name:<28}{'green' if code == 0 else f'red ({code})':<12}{seconds:7.0f}")
    print(f"{green} of {len(rows)} green")
    return int(green < len(rows))


def run(condition: Condition, options: tuple[str, ...]) -> int:
    """Run the suite under this condition and return the exit code of pytest."""
    with keep_busy(condition.busy):
        command = [*PYTEST, *condition.options, *options]
        return subprocess.run(command, env=os.environ | condition.environment, check=False).returncode


@contextmanager
def keep_busy(count: int) -> Iterator[None]:
    """Run this many processes that do nothing but compute, at the same priority, until the block ends."""
    spinning = [subprocess.Popen(SPIN) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
