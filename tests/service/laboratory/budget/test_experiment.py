"""What a memory costs: measured where it was trained, estimated beyond, and never the one shown as the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.experiments import ExperimentId, ExperimentRequest, Task
from service.laboratory.bench import Asked, Bench
from service.laboratory.budget.experiment import budget
from service.laboratory.budget.regression import Line
from service.laboratory.synthetic import factual_recall, named
from service.laboratory.tables import Table
from service.memory import Facts


def asked(held: Facts, **request: float) -> Asked:
    wanted = ExperimentRequest.model_validate({"kind": ExperimentId.BUDGET, "tasks": [Task.DICTIONARY], **request})
    return Asked(wanted, {Task.DICTIONARY: Table.of(held)}, held)


@given(st.floats(-50, 50), st.floats(0.1, 100), st.lists(st.integers(1, 10**6), min_size=3, max_size=6, unique=True))
def test_a_line_goes_through_points_that_lie_on_one(level: float, slope: float, x: list[int]) -> None:
    """Exact points are found again far beyond them, where the height is above 0."""
    line = Line.through([float(each) for each in x], [level + slope * each for each in x])
    height, interval = line.at(10**7)
    assert height == pytest.approx(level + slope * 10**7, rel=1e-4)
    assert interval is not None
    assert interval[0] <= height <= interval[1]


def test_the_interval_of_an_estimate_holds_what_was_left_out() -> None:
    """Five points with known errors: the sixth lies in the interval, and two points have no interval."""
    x, y = [100.0, 400.0, 1_600.0, 6_400.0, 25_600.0], [1_050.0, 3_900.0, 16_100.0, 63_000.0, 257_000.0]
    low, high = Line.through(x, y).at(102_400)[1] or (0.0, 0.0)
    assert low < 1_024_000 < high < 1.2 * 1_024_000
    assert Line.through(x[:2], y[:2]).at(1_000)[1] is None


def test_what_was_not_trained_is_an_estimate(bench: Bench) -> None:
    """Ten and a hundred times the facts stand in the charts as estimates alone, and their rows say so."""
    found = budget(asked(named(factual_recall(16, 16)), false_answers=1e-3, seconds=60), bench)
    largest = {series.name: max(point.x for point in series.points) for series in found.series}
    assert largest["compact"] == 256
    assert largest["compact_estimate"] == 25_600
    assert {series.kind for series in found.series if series.name.endswith("estimate")} == {"estimate"}
    kinds = {row.name: row.figures["kind"] for row in found.rows if row.name.startswith("compact")}
    assert kinds == {
        "compact": "measured",
        "compact_1x": "measured",
        "compact_10x": "estimate",
        "compact_100x": "estimate",
    }


def test_the_plan_asks_for_a_sample_that_decides(bench: Bench) -> None:
    """By the rule of three: none of 3 / rate, and no stage is stricter than what was asked for in the end."""
    found = budget(asked(named(factual_recall(8, 8)), false_answers=1e-3, facts=1_000_000, seconds=60), bench)
    stages = {row.name: row.figures for row in found.rows if row.name.startswith("stage")}
    assert [stages[f"stage_{name}"]["minimum_sample"] for name in ("small", "department", "company")] == [3_000] * 3
    assert stages["stage_department"]["facts"] == 100_000


@pytest.mark.parametrize(("rate", "told"), [(1e-3, True), (2.0**-12, False), (1e-6, False)])
def test_a_bound_that_is_not_served_is_told(rate: float, told: bool, bench: Bench) -> None:
    """A rate above 2^-12 is served with 12 check bits, and the finding says so; bytes a fact stand for the bank and for
    everything side by side.
    """
    found = budget(asked(named(factual_recall(8, 8)), false_answers=rate, seconds=60), bench)
    said = {statement.code: statement.figures for statement in found.statements["finding"]}
    assert ("fewest_check_bits" in said) is told
    if told:
        assert said["fewest_check_bits"] == {"rate": rate, "check": 12, "one_in": 4096}
    for row in found.rows:
        if row.figures.get("kind") == "measured" and "bytes_per_fact" in row.figures:
            figures = {name: float(str(row.figures[name])) for name in ("facts", "bytes", "bytes_total")}
            assert row.figures["bytes_per_fact"] == pytest.approx(figures["bytes"] / figures["facts"])
            assert row.figures["bytes_total_per_fact"] == pytest.approx(figures["bytes_total"] / figures["facts"])
            assert figures["bytes"] < figures["bytes_total"]


@pytest.mark.parametrize("rows", [[], [("s", "r", "a")]])
def test_next_to_no_facts_decide_nothing(rows: list[tuple[str, str, str]], hurried: Bench) -> None:
    """No fact, or one: said, and not a crash; a GPU that was not there has no price."""
    facts = Facts(*(list(column) for column in zip(*rows, strict=True))) if rows else Facts([], [], [])
    found = budget(asked(facts, seconds=1), hurried)
    assert found.verdict == "not_decisive"
    assert all(row.figures.get("gpu_hour") is None for row in found.rows)


@pytest.mark.parametrize("subjects", [1, 3, 16])
def test_the_profile_that_is_called_smaller_is(subjects: int, bench: Bench) -> None:
    """Whatever the table: the recommended profile has no more bytes of weights than the other, by the rows."""
    found = budget(asked(named(factual_recall(subjects, 4)), false_answers=1e-3, seconds=60), bench)
    use = next(said for said in found.statements["recommendation"] if said.code.startswith("budget_use"))
    rows = {row.name: row.figures for row in found.rows}
    chosen, other = (rows[f"{use.figures[name]}_1x"]["bytes"] for name in ("profile", "other"))
    assert (use.code, float(str(chosen)) <= float(str(other))) == ("budget_use_smaller", True)


def test_a_far_estimate_decides_nothing(bench: Bench) -> None:
    """Three sizes of each profile decide what ten times as many facts cost, and not what a million do."""
    near, far = (
        budget(asked(named(factual_recall(64, 16)), false_answers=1e-3, facts=facts, seconds=60), bench)
        for facts in (1_024, 1_000_000)
    )
    assert (near.verdict, far.verdict) == ("decisive", "not_decisive")
