"""The stage of confident wrong answers: seen where it is, not seen where it is not."""

import math

import pytest

from schemas.experiments import ExperimentId, ExperimentRequest, Task
from service.laboratory.bench import Asked, Bench
from service.laboratory.learning.experiment import learning
from service.laboratory.learning.stages import Stage, of_the_relation_by_chance, plateaus, stage
from service.laboratory.parts import crowded
from service.laboratory.synthetic import factual_recall
from service.laboratory.tables import Table
from service.memory import Facts
from service.memory.gradient import Moment

CURVE = [Moment(1, 5.0, 0, 10), Moment(2, 3.0, 5, 50), Moment(3, 2.0, 30, 66), Moment(4, 1.0, 60, 40)]


def test_the_stage_is_where_relations_are_known_and_subjects_are_not() -> None:
    """Neither before relations are known nor after more is right than wrong."""
    table = factual_recall(25, 4)
    assert stage(CURVE, table) == Stage(2, 2, 2)
    assert stage(CURVE[:2], table) is None
    assert stage(CURVE[3:], table) is None


def test_one_relation_has_no_stage() -> None:
    """Where there is one relation, every answer is one of its own and says nothing."""
    assert stage(CURVE, factual_recall(100, 1)) is None


def test_relations_that_share_their_answers_have_no_stage() -> None:
    """Where every relation has every answer, an answer of the right kind is no sign that the relation is known."""
    names = [str(number) for number in range(100)]
    yes = Table.of(Facts(names * 4, [r for r in "abcd" for _ in names], [str(number % 2) for number in range(400)]))
    assert of_the_relation_by_chance(yes) == 1
    assert of_the_relation_by_chance(factual_recall(25, 4)) == pytest.approx(1 / 4)
    curve = [Moment(1, 1.0, 150, 250), Moment(2, 0.8, 190, 210)]
    assert stage(curve, yes) is None


def test_theory_expects_the_papers_plateaus() -> None:
    """log(relations x D), then log D; of a dictionary, the entropy of answers given the relation."""
    assert plateaus(factual_recall(200, 4, 8)) == pytest.approx((math.log(32), math.log(8)))
    rows = [("a", "colour", "red"), ("b", "colour", "red"), ("c", "colour", "blue"), ("d", "colour", "blue"),
            ("a", "size", "1"), ("b", "size", "1"), ("c", "size", "1"), ("d", "size", "1")]  # fmt: skip
    table = Table.of(Facts(*map(list, zip(*rows, strict=True))))
    assert plateaus(table) == pytest.approx((math.log(3), math.log(2) / 2))


def test_a_crowded_part_has_few_relations_and_many_facts_of_each() -> None:
    """Two of eight relations, every one with the same eight subjects, numbered from 0."""
    part = crowded(factual_recall(32, 8), 2, 16, seed=3)
    assert (len(part), part.n_relations, part.n_subjects) == (16, 2, 8)
    assert part.answers.max() == part.n_answers - 1


def test_a_network_in_training_shows_the_stage(hurried: Bench) -> None:
    """On the paper's task, 16 subjects and 4 relations in noise: the relation first; in the end all is right."""
    request = ExperimentRequest(kind=ExperimentId.LEARNING, seconds=1, tasks=[Task.SYNTHETIC])
    asked = Asked(request, {Task.SYNTHETIC: factual_recall(16, 4)}, Facts([], [], []))
    found = learning(asked, hurried)
    marked = [series for series in found.series if series.name == "stage_of_confident_errors"]
    assert len(marked) == 1
    assert max(point.y for point in marked[0].points) > 0.4
    assert found.rows[0].figures["last_recall"] == 1.0


@pytest.mark.parametrize("facts", [Facts([], [], []), Facts(["s"], ["r"], ["a"])])
def test_a_dictionary_of_next_to_nothing_decides_nothing(facts: Facts, hurried: Bench) -> None:
    """No fact, or a single one: said, and not a crash."""
    request = ExperimentRequest(kind=ExperimentId.LEARNING, seconds=1, tasks=[Task.DICTIONARY])
    found = learning(Asked(request, {Task.DICTIONARY: Table.of(facts)}, facts), hurried)
    assert found.verdict == "not_decisive"
    assert "learn" in found.finding
