"""No output of the kit depends on the order of a set, which may differ in every Python process."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start_printing(seed: int) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "tests.journey.every_order"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)


def test_the_order_of_sets_reaches_nothing() -> None:
    """Findings, refused rows, digests, patches, candidates of sentences, reports and drawn questions are the same bytes
    under three ways of hashing names.
    """
    processes = [start_printing(seed) for seed in range(3)]
    spoken = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3
    assert len(spoken[0]) > 10_000
    assert len(set(spoken)) == 1
