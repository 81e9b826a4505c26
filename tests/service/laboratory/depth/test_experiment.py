"""Layers at equal size: what they hold, and what is left without one of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.experiments import ExperimentId, ExperimentRequest, Task
from service.laboratory.bench import Asked, Bench
from service.laboratory.depth.experiment import depth, verdict, what_it_holds
from service.laboratory.depth.search import Climb
from service.laboratory.depth.stacks import DEPTHS, Stack, drawn, effective_rank, tried
from service.laboratory.synthetic import factual_recall
from service.laboratory.tables import Table
from service.memory import Facts


@given(st.integers(4, 64), st.integers(1, 4))
def test_every_depth_has_the_same_number_of_parameters(d_model: int, times: int) -> None:
    """Exactly, whatever the width: (48 d + 12) times a whole number."""
    sizes = {Stack(layers, d_model, times).parameters for layers in DEPTHS}
    assert sizes == {(48 * d_model + 12) * times}


def test_without_its_only_layer_a_network_knows_nothing() -> None:
    """One layer holds its facts; without it nothing but the most frequent answer can be left."""
    table = drawn(factual_recall(8, 4), 32, seed=0)
    found = tried(Stack(1, 16, 1).trial(table, [32], 0, "cpu").run())
    assert [network.held for network in found] == [True]
    assert len(found[0].without) == 1
    assert found[0].without[0] <= np.bincount(table.answers).max() / 32


def test_layers_are_left_out_and_ranked_one_by_one() -> None:
    """Two layers: a share and a rank for each, no rank above the width of the stream."""
    table = drawn(factual_recall(4, 4), 16, seed=0)
    found = tried(Stack(2, 16, 1).trial(table, [16], 0, "cpu").run())
    assert [network.held for network in found] == [True]
    assert len(found[0].without) == len(found[0].ranks) == 2
    assert all(share < 1 for share in found[0].without)
    assert all(0 < rank <= 16 for rank in found[0].ranks)


def test_effective_rank_counts_directions() -> None:
    """Equal spread over k directions has effective rank k; vectors that are all alike have 0."""
    axes = np.repeat(np.eye(8)[:3], 2, axis=0) * np.array([[1.0], [-1.0]] * 3)
    assert effective_rank(axes) == pytest.approx(3)
    assert effective_rank(np.ones((5, 4))) == 0


def test_a_hurried_bench_brings_what_one_layer_holds(hurried: Bench) -> None:
    """The first seed of the synthetic task: a sentence with its figures for every depth whose edge was found, and a
    share of whole facts for the layer that was left out.
    """
    request = ExperimentRequest(kind=ExperimentId.DEPTH, seconds=1, tasks=[Task.SYNTHETIC])
    found = depth(Asked(request, {Task.SYNTHETIC: factual_recall()}, Facts([], [], [])), hurried)
    said = {statement.code: statement.figures for statement in found.statements["finding"]}
    assert said["depth_held"]["seeds"] == 1
    assert found.verdict == "not_decisive"
    left = found.rows[0].figures["without_1_recall"], found.rows[0].figures["examined_facts"]
    assert left[0] * left[1] == pytest.approx(round(left[0] * left[1]))  # type: ignore[operator, arg-type]


@pytest.mark.parametrize("facts", [Facts([], [], []), Facts(["s"], ["r"], ["a"])])
def test_a_dictionary_of_next_to_nothing_decides_nothing(facts: Facts, hurried: Bench) -> None:
    """No fact, or a single one: said, and not a crash."""
    request = ExperimentRequest(kind=ExperimentId.DEPTH, seconds=1, tasks=[Task.DICTIONARY])
    found = depth(Asked(request, {Task.DICTIONARY: Table.of(facts)}, facts), hurried)
    assert found.verdict == "not_decisive"
    assert "facts" in found.finding


def climbed(task: Task, held: dict[int, list[int]], *, censored: bool = False) -> list[Climb]:
    """By number of layers, facts held on each seed; a tenth more failed, unless nothing more was tried."""
    climbs = [Climb.of(Stack(layers, 24, 1), factual_recall(32, 32)) for layers in held]
    for climb, of_seeds in zip(climbs, held.values(), strict=True):
        climb.task = task
        for seed, facts in enumerate(of_seeds):
            climb.rungs[seed] = {facts: True} if censored else {facts: True, round(1.1 * facts): False}
    return climbs


@pytest.mark.parametrize(
    ("held", "layers"),
    [
        ({1: [200, 210, 205], 2: [150, 155, 152], 3: [100, 99, 101], 4: [80, 82, 81]}, 1),
        ({1: [100, 102, 101], 2: [150, 155, 152], 3: [90, 99, 95], 4: [80, 82, 81]}, 2),
        ({1: [200, 210, 205], 2: [190, 205, 200], 3: [100, 99, 101], 4: [80, 82, 81]}, None),
        ({1: [200, 210], 2: [150, 155], 3: [100, 99], 4: [80, 82]}, None),
        ({1: [200, 210, 205], 2: [150, 155, 152], 3: [100, 99, 101]}, None),
    ],
    ids=["one layer", "two layers", "not told apart", "two seeds", "one depth missing"],
)
def test_a_depth_is_advised_only_where_it_is_certain(held: dict[int, list[int]], layers: int | None) -> None:
    """On three seeds and all depths, compared with one layer."""
    assert verdict(climbed(Task.SYNTHETIC, held)) == layers


def test_a_seed_that_holds_nothing_does_not_hide_the_others() -> None:
    """Two seeds hold 200 facts, on the third every number failed: told are the mean of the two and the one missing."""
    (climb,) = climbed(Task.SYNTHETIC, {1: [200, 200, 90]})
    climb.rungs[2] = {90: False, 99: False}
    assert climb.known
    held, missing = what_it_holds(climb)
    assert (held.code, held.figures["facts"], held.figures["seeds"]) == ("depth_held", 200, 2)
    assert (missing.code, missing.figures) == ("depth_seeds_without", {"missing": 1, "of": 3})


def test_a_ladder_that_ends_too_early_is_told_as_a_bound() -> None:
    """Where the largest number that was tried is held, no more is said than that."""
    for censored in (True, False):
        codes = [
            said.code for said in what_it_holds(climbed(Task.SYNTHETIC, {1: [200, 210, 205]}, censored=censored)[0])
        ]
        assert codes == ["depth_held", "depth_at_least"][: 1 + censored]
