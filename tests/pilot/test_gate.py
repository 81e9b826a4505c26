import re
from pathlib import Path

import pytest

from pilot.checks.measurement import Measurement, Tally
from pilot.errors import UnusableInput
from pilot.gate import ReportGate, judge, read_report_gate, worst_verdict
from pilot.reading import Reading, ReadingOptions, read_facts
from schemas.checks import CheckId, Copy, Deletion, Privacy, Verdict
from tests.pilot.measuring import make_deletion, make_privacy, make_retention, make_rollback, measure_changes


def judge_tally(check: CheckId, tally: Tally, gate: ReportGate | None = None) -> Verdict:
    return worst_verdict(judge(gate or ReportGate(), [Measurement(check, {"all": tally})], bound=1e-6))


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
    """By default every taught pair must be right: one miss of 100,000 fails, and so does a check that asked nothing."""
    assert judge_tally(CheckId.RECALL, tally) is expected


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
    """Without a limit in the gate, the sample is compared with the stated bound of one in a million."""
    assert judge_tally(CheckId.UNKNOWN, Tally(right=asked - false, wrong=false)) is expected


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
    """To show at most 0.1 % false answers takes 2,995 questions without one; a smaller sample is not decisive."""
    gate = ReportGate(maximum_false_answers=0.001)
    assert judge_tally(CheckId.UNKNOWN, Tally(right=asked - false, wrong=false), gate) is expected


def test_one_failure_outweighs_what_is_open() -> None:
    """The worst verdict of the limits is the verdict of the report."""
    checks = [Measurement(CheckId.RECALL, {"r": Tally(wrong=1)}), Measurement(CheckId.UNKNOWN, {"k": Tally(right=5)})]
    assert worst_verdict(judge(ReportGate(), checks, 1e-6)) is Verdict.FAIL
    assert worst_verdict(judge(ReportGate(), checks[1:], 1e-6)) is Verdict.NOT_DECISIVE


def test_a_limit_without_its_check_is_open() -> None:
    """A gate that limits questions or retention does not pass without those checks; another one may."""
    checks = [Measurement(CheckId.RECALL, {"r": Tally(right=1)})]
    assert worst_verdict(judge(ReportGate(minimum_questions=0.0), checks, 1e-6)) is Verdict.PASS
    for gate in (ReportGate(minimum_questions=0.9), ReportGate(minimum_retention=1.0), ReportGate(maximum_undeleted=0)):
        assert worst_verdict(judge(gate, checks, 1e-6)) is Verdict.NOT_DECISIVE


def test_a_gate_file_is_closed(tmp_path: Path) -> None:
    """Known keys are read; an unknown key, a value out of range and broken TOML are unusable input."""
    file = tmp_path / "GATE.toml"
    file.write_text("minimum_recall = 0.99\nmaximum_p99_ms = 15\n", encoding="utf-8")
    assert read_report_gate(file) == ReportGate(minimum_recall=0.99, maximum_p99_ms=15)
    for text in ("minimum_recal = 0.9", "minimum_recall = 2", "minimum_recall ="):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(UnusableInput):
            read_report_gate(file)


def test_every_key_of_the_gate_is_explained(tmp_path: Path) -> None:
    """docs/gate.md lists all keys in order with their defaults, and its example is a valid gate."""
    page = (Path(__file__).parents[2] / "docs" / "gate.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", page, re.MULTILINE)
    defaults = {name: field.default for name, field in ReportGate.model_fields.items()}
    assert {name: str(value).replace("None", "none") for name, value in defaults.items()} == dict(rows)
    example = tmp_path / "GATE.toml"
    example.write_text(page.split("```toml")[1].split("```")[0], encoding="utf-8")
    assert read_report_gate(example).priority is not None


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    file = tmp_path / "facts.csv"
    rows = [f"s{n},r{n % 2},{n}" for n in range(40)]
    file.write_text("\n".join(["subject,relation,answer", *rows]), encoding="utf-8")
    return read_facts(file, ReadingOptions())


def list_missed(gate: ReportGate, measured: Measurement) -> set[str]:
    """The limits that were missed."""
    return {limit.name for limit in judge(gate, [measured], 1e-6) if limit.verdict is not Verdict.PASS}


def test_checks_that_change_facts_pass_without_a_fault(reading: Reading) -> None:
    """A memory without a fault keeps every limit on retention, deletion, rollback and privacy."""
    assert all(not list_missed(ReportGate(), measured) for measured in measure_changes(reading))
    names = {limit.name for limit in judge(ReportGate(), measure_changes(reading), 1e-6)}
    assert names == {
        *("minimum_retention", "maximum_forgotten", "maximum_undeleted", "others_kept", "absence_proved"),
        *("digest_restored", "rollback_right", "maximum_rollback_ms", "history_kept", "strangers_refused"),
        "maximum_readable",
    }


def test_one_forgotten_fact_fails(reading: Reading) -> None:
    """A fact lost to a change of others misses both limits; a gate may allow for it."""
    lost = make_retention(40, Copy(pairs=40, of=40), forgotten=1)
    assert list_missed(ReportGate(), lost) == {"minimum_retention", "maximum_forgotten"}
    assert list_missed(ReportGate(minimum_retention=0.9, maximum_forgotten=1), lost) == set()


def test_one_deleted_answer_that_comes_back_fails(reading: Reading) -> None:
    """One deleted pair that still answers misses its limit, and so does a digest that does not change."""
    copy = Copy(pairs=40, of=40)
    assert list_missed(ReportGate(), make_deletion(40, copy, undeleted=1)) == {"maximum_undeleted"}
    traced = make_deletion(40, copy)
    assert isinstance(traced.details, Deletion)
    traced.details = traced.details.model_copy(update={"digest_restored": "c" * 64})
    assert list_missed(ReportGate(), traced) == {"digest_restored"}


def test_a_rollback_is_fast_and_leaves_its_reason(reading: Reading) -> None:
    """The slowest call counts, and a missing entry in the history fails."""
    copy = Copy(pairs=40, of=40)
    assert list_missed(ReportGate(), make_rollback(40, copy, milliseconds=1200)) == {"maximum_rollback_ms"}
    assert list_missed(ReportGate(maximum_rollback_ms=2000), make_rollback(40, copy, milliseconds=1200)) == set()
    assert list_missed(ReportGate(), make_rollback(40, copy, reasons=2)) == {"history_kept"}


def test_one_readable_name_fails(reading: Reading) -> None:
    """A name found in the stored bytes misses its limit; where the bytes cannot be read there is no such limit."""
    assert list_missed(ReportGate(), make_privacy(reading, found=1)) == {"maximum_readable"}
    unseen = make_privacy(reading)
    assert isinstance(unseen.details, Privacy)
    unseen.details = unseen.details.model_copy(update={"artefact": None})
    assert "maximum_readable" not in {limit.name for limit in judge(ReportGate(), [unseen], 1e-6)}


def test_priority_facts_are_judged_apart(reading: Reading, tmp_path: Path) -> None:
    """[priority] marks pairs, relations and subjects, which by default must all be right; one that marks no fact of the
    table fails.
    """
    file = tmp_path / "GATE.toml"
    file.write_text('[priority]\nrelations = ["r1"]\nsubjects = ["s2"]\npairs = [["s4", "r0"]]\n', encoding="utf-8")
    gate = read_report_gate(file)
    marked = {pair for pair in reading.taught if pair[1] == "r1"} | {("s2", "r0"), ("s4", "r0")}
    assert gate.select_priority(reading.taught) == frozenset(marked)
    assert ReportGate().select_priority(reading.taught) is None
    copy, relaxed = Copy(pairs=40, of=40), gate.model_copy(update={"minimum_priority": 0.9})
    assert list_missed(gate, make_retention(40, copy, priority=Tally(right=19, wrong=1))) == {"minimum_priority"}
    assert list_missed(relaxed, make_retention(40, copy, priority=Tally(right=19, wrong=1))) == set()
    assert list_missed(gate, make_retention(40, copy, priority=Tally())) == {"minimum_priority"}
