"""Capacity, allocation and heads on tables of any size, with time for hardly any trial."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.experiments import Decision, Experiment, ExperimentId, ExperimentRequest, Task
from service.laboratory.bench import Asked
from service.laboratory.experiments import EXPERIMENTS, Work
from service.laboratory.sizes.allocation import allocation
from service.laboratory.sizes.capacity import capacity
from service.laboratory.sizes.heads import heads
from service.laboratory.sizes.references import facts_of
from service.laboratory.tables import Table
from service.memory import Facts
from tests.service.laboratory.conftest import Known, bench_of

WORK: dict[ExperimentId, Work] = {
    ExperimentId.CAPACITY: capacity,
    ExperimentId.ALLOCATION: allocation,
    ExperimentId.HEADS: heads,
}


def asked(kind: ExperimentId, facts: int) -> Asked:
    """A dictionary of `facts` pairs in up to three relations."""
    subjects = [f"part {number // 3}" for number in range(facts)]
    relations = [f"relation {number % 3}" for number in range(facts)]
    taught = Facts(subjects, relations, [f"answer {number % 5}" for number in range(facts)])
    request = ExperimentRequest(kind=kind, seconds=1, tasks=[Task.DICTIONARY])
    return Asked(request, {Task.DICTIONARY: Table.of(taught)}, taught)


def made(kind: ExperimentId, facts: int, trials: float) -> Experiment:
    with ThreadPoolExecutor(2) as workers:
        return WORK[kind](asked(kind, facts), bench_of(trials, Known(), workers))


@pytest.mark.parametrize(("kind", "facts"), [*((kind, 1) for kind in WORK), (ExperimentId.HEADS, 60)])
def test_a_document_comes_whatever_the_table(kind: ExperimentId, facts: int) -> None:
    """A dictionary of one fact or a few, in hardly any time: a document that says plainly what it does not decide."""
    document = made(kind, facts, 1.0)
    assert document.id == kind
    assert document.verdict is Decision.NOT_DECISIVE
    assert document.left_out
    assert document.trials > 0
    assert all(math.isfinite(point.y) for series in document.series for point in series.points)


def test_experiments_are_registered() -> None:
    """The service finds them by their ids."""
    assert {kind: EXPERIMENTS[kind] for kind in WORK} == WORK


@pytest.fixture(scope="module")
def allocated() -> Experiment:
    """A comparison on few facts with small networks."""
    return made(ExperimentId.ALLOCATION, 120, 6.0)


def test_designs_are_compared_at_equal_parameters(allocated: Experiment) -> None:
    """Rows of the three designs differ in parameters by less than two per cent, and count all of them."""
    rows = {row.name: row.figures for row in allocated.rows}
    sizes = [rows[name]["parameters"] for name in ("attention_heavy", "hybrid", "mlp_heavy")]
    assert max(map(float, map(str, sizes))) / min(map(float, map(str, sizes))) < 1.02
    assert {"closed_form", "exact_table"} < set(rows)
    assert rows["exact_table"]["held"] == 120
    for name in ("attention_heavy", "hybrid", "mlp_heavy"):
        row = rows[name]
        assert row["parameters"] == int(str(row["attention_parameters"])) + int(str(row["mlp_parameters"]))


def test_no_figure_of_a_chart_is_missing_from_the_document(allocated: Experiment) -> None:
    """Facts held in the chart are those of the rows, with the same intervals."""
    rows = {row.name: row.figures for row in allocated.rows}
    drawn = next(series for series in allocated.series if series.chart == "held")
    for point in drawn.points:
        assert point.label is not None
        assert rows[point.label]["held"] == round(point.y, 1)


@pytest.mark.parametrize("facts", [3, 100, 1024, 10**6])
def test_the_papers_lines_are_solved(facts: int) -> None:
    """N ln N of the N that comes back is what was asked for."""
    assert facts_of(facts * math.log(facts)) == pytest.approx(facts)
