from pathlib import Path

import pytest

from pilot.checks.measured import Measured, Tally
from pilot.errors import UnusableInput
from pilot.gate import Gate, judge, read_gate, verdict
from schemas.report import CheckId, Verdict


def judged(check: CheckId, tally: Tally, gate: Gate | None = None) -> Verdict:
    return verdict(judge(gate or Gate(), [Measured(check, {"all": tally})], bound=1e-6))


@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        (Tally(right=1), Verdict.PASS),
        (Tally(right=99_999, wrong=1), Verdict.FAIL),
        (Tally(right=99_999, abstained=1), Verdict.FAIL),
        (Tally(), Verdict.FAIL),
    ],
)
def test_recall_is_exhaustive(tally: Tally, expected: Verdict) -> None:
    """Without a gate every taught pair must be right: one miss of 100,000 fails, and so does nothing asked."""
    assert judged(CheckId.RECALL, tally) is expected


@pytest.mark.parametrize(
    ("false", "asked", "expected"),
    [
        (0, 40_000, Verdict.PASS),
        (0, 999, Verdict.NOT_DECISIVE),
        (1, 40_000, Verdict.NOT_DECISIVE),
        (5, 40_000, Verdict.FAIL),
        (3, 3_000_000, Verdict.PASS),
    ],
)
def test_the_stated_bound_must_not_be_contradicted(false: int, asked: int, expected: Verdict) -> None:
    """Without a limit of its own the gate holds the sample against the bound of one in a million."""
    assert judged(CheckId.UNKNOWN, Tally(right=asked - false, wrong=false)) is expected


@pytest.mark.parametrize(
    ("false", "asked", "expected"),
    [
        (0, 2_994, Verdict.NOT_DECISIVE),
        (0, 2_995, Verdict.PASS),
        (1, 2_995, Verdict.NOT_DECISIVE),
        (30, 3_000, Verdict.FAIL),
    ],
)
def test_a_limit_must_be_shown(false: int, asked: int, expected: Verdict) -> None:
    """At most 0.1 % false answers takes 2,995 questions without one; a smaller sample is not decisive."""
    gate = Gate(maximum_false_answers=0.001)
    assert judged(CheckId.UNKNOWN, Tally(right=asked - false, wrong=false), gate) is expected


def test_one_failure_outweighs_what_is_open() -> None:
    """The worst verdict of the limits is the verdict of the report."""
    checks = [Measured(CheckId.RECALL, {"r": Tally(wrong=1)}), Measured(CheckId.UNKNOWN, {"k": Tally(right=5)})]
    assert verdict(judge(Gate(), checks, 1e-6)) is Verdict.FAIL
    assert verdict(judge(Gate(), checks[1:], 1e-6)) is Verdict.NOT_DECISIVE


def test_a_gate_file_is_closed(tmp_path: Path) -> None:
    """Known keys are read; an unknown key, a value out of range and broken TOML are unusable input."""
    file = tmp_path / "GATE.toml"
    file.write_text("minimum_recall = 0.99\nmaximum_p99_ms = 15\n", encoding="utf-8")
    assert read_gate(file) == Gate(minimum_recall=0.99, maximum_p99_ms=15)
    for text in ("minimum_recal = 0.9", "minimum_recall = 2", "minimum_recall ="):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(UnusableInput):
            read_gate(file)
