"""The experiment on rank."""

import pytest

from schemas.experiments import Decision, Experiment, ExperimentRequest, Row, Task
from service.laboratory.bench import Bench, Inputs
from service.laboratory.rank import bisection
from service.laboratory.rank import experiment as module
from service.laboratory.rank.experiment import rank
from service.laboratory.synthetic import factual_recall, to_facts
from service.laboratory.tables import Table
from service.memory import Facts
from service.memory.gradient import Schedule

PARTS = Facts(
    ["a", "a", "a", "b", "b", "c"],
    ["colour", "colour", "size", "colour", "size", "size"],
    ["red", "green", "large", "red", "small", "small"],
)


def asked(facts: Facts, seconds: float = 5.0) -> Inputs:
    request = ExperimentRequest.model_validate({"kind": "rank", "seconds": seconds})
    tables = {Task.SYNTHETIC: factual_recall(12, 8, 4), Task.DICTIONARY: Table.from_facts(facts)}
    return Inputs(request, tables, facts)


def rows(found: Experiment, task: Task) -> dict[str, Row]:
    return {row.name: row for row in found.rows if row.task is task}


def test_without_time_for_networks_there_are_ranks(bench: Bench) -> None:
    """Five seconds: bounds of both tables and the relations of the dictionary; that no network was trained is said."""
    found = rank(asked(PARTS), bench)
    assert found.verdict is Decision.NOT_DECISIVE
    assert found.trials == 0
    assert [one.code for one in found.statements["finding"]] == ["rank_exact", "rank_no_networks"]
    assert "rank_not_ended" in {one.code for one in found.statements["left_out"]}
    own = rows(found, Task.DICTIONARY)
    assert own["colour"].figures == {"facts": 3, "subjects": 2, "answers": 2, "lower_bound": 2, "upper_bound": 2}
    assert own["size"].figures["lower_bound"] == own["size"].figures["upper_bound"] == 2
    assert own["whole_table"].figures["upper_bound"] == 4
    assert rows(found, Task.SYNTHETIC)["whole_table"].figures["lower_bound"] == 32


@pytest.mark.parametrize(
    "facts",
    [
        Facts(["s"], ["r"], ["a"]),
        Facts(["s", "t"], ["r", "r"], ["a", "a"]),
        Facts(["s", "s", "s"], ["r", "r", "r"], ["a", "b", "c"]),
        Facts([f"s{at}" for at in range(60)], ["r"] * 60, ["a"] * 60),
    ],
    ids=["one fact", "two alike", "one pair", "one answer"],
)
def test_every_dictionary_has_a_rank(facts: Facts, bench: Bench) -> None:
    """However little there is in it, its rank is found, here 1, and nothing is decided."""
    found = rank(asked(facts), bench)
    whole = rows(found, Task.DICTIONARY)["whole_table"].figures
    assert (whole["lower_bound"], whole["upper_bound"]) == (1, 1)
    assert found.verdict is Decision.NOT_DECISIVE


def test_a_large_dictionary_is_looked_at_in_part(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where time is short some facts are drawn, and that is said."""
    monkeypatch.setattr("service.laboratory.rank.table_ranks.FACTS_A_SECOND", 10)
    found = rank(asked(to_facts(factual_recall(20, 10, 4))), bench)
    assert rows(found, Task.DICTIONARY)["whole_table"].figures["facts"] == 50
    assert {"facts": 50, "of": 200} in [said.figures for said in found.statements["left_out"]]


def test_a_narrow_sketch_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a matrix has more rank than the sketch can show, the report says so."""
    monkeypatch.setattr("service.laboratory.rank.unfolding.EXACT_CELLS", 0)
    monkeypatch.setattr("service.laboratory.rank.unfolding.SKETCH_WIDTH", 20)
    found = rank(asked(to_facts(factual_recall(200, 4, 12))), bench)
    assert "rank_sketched" in {one.code for one in found.statements["left_out"]}


def test_rank_against_size(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small networks: every perturbed table has its rank and the size of its network in a row, every chart its series;
    the outputs of the layer stay within the rank that its shape allows. With one network a table nothing is decided.
    """
    monkeypatch.setattr(module, "BUDGETS", (module.RankBudget(40, 1, (0.5,), (("softmax", "pads"),)),))
    monkeypatch.setattr(module, "SUBJECTS", 8)
    monkeypatch.setattr(module, "RELATIONS", 4)
    monkeypatch.setattr(bisection, "HEADS", (3, 6, 12))
    monkeypatch.setattr(bisection, "SCHEDULE", Schedule(steps=150))
    bench.seconds = 1000.0
    found = rank(asked(PARTS, seconds=40), bench)
    assert found.verdict is Decision.NOT_DECISIVE
    altered = [row for row in found.rows if "parameters_softmax" in row.figures]
    assert [row.name for row in altered] == ["as_it_is", "noise", "empty_cells", "second_answers", "subjects_alike"]
    assert altered[0].figures["parameters_softmax"]
    assert altered[3].figures["parameters_pads"] is None
    assert {series.chart for series in found.series} == {chart.id for chart in found.charts}
    layer = next(series for series in found.series if series.chart == "layer")
    ranks = {point.label: point.x for point in layer.points}
    assert ranks["layer_outputs"] <= ranks["bound_of_the_shape"] < ranks["layer_softmax"]
    codes = [one.code for one in found.statements["finding"]]
    assert codes[1] in {"rank_predicts", "rank_does_not_predict", "rank_alike"}
    assert found.recommendation.startswith("Before relying on rank")
    assert "rank_few_pairs" in {one.code for one in found.statements["left_out"]}
