"""The error rate estimated from reviews is the error rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.statistics import binomial, incomplete_beta
from service.workflows.reviews import sampling
from service.workflows.reviews.estimates import Drawn, Limits, Rate, rate, weight
from tests.examples import examples

POPULATION = 2_000
TRIALS = 160


def trial(wrong: np.ndarray, rank: np.ndarray | None, count: int, rng: np.random.Generator, decided: float = 1) -> Rate:
    """One draw, of which a random part is decided."""
    if rank is None:
        drawn, chances = sampling.uniform(len(wrong), count, rng), np.full(len(wrong), count / len(wrong))
    else:
        chances = sampling.ranked_first(rank, count)
        drawn = sampling.systematic(chances, rng)
    known = rng.random(len(drawn)) < decided
    return rate(
        [
            Drawn(weight(len(drawn), len(wrong), chances[at]), bool(wrong[at]) if is_known else None)
            for at, is_known in zip(drawn.tolist(), known.tolist(), strict=True)
        ]
    )


@pytest.mark.parametrize("decided", [1.0, 0.6])
@pytest.mark.parametrize("ranked", ["evenly", "errors first", "errors last", "by chance"])
def test_the_estimate_is_unbiased_and_its_interval_covers(ranked: str, decided: float) -> None:
    """However pairs are ranked for the draw, the mean estimate is the true rate, and at least 95 % of the intervals
    (less three standard errors of the simulation) hold it.
    """
    rng = np.random.default_rng(7)
    wrong = np.arange(POPULATION) < 0.03 * POPULATION
    ranks = {
        "evenly": None,
        "errors first": np.arange(POPULATION, dtype=float),
        "errors last": -np.arange(POPULATION, dtype=float),
        "by chance": rng.permutation(POPULATION).astype(float),
    }
    trials = [trial(wrong, ranks[ranked], 200, rng, decided) for _ in range(TRIALS)]
    rates = np.array([each.rate for each in trials], dtype=float)
    assert abs(rates.mean() - 0.03) < 4 * rates.std() / np.sqrt(len(rates)) + 1e-12
    covered = np.mean([each.interval[0] <= 0.03 <= each.interval[1] for each in trials])
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(trials))


def test_the_floor_exceeds_the_true_rate_no_oftener_than_it_may() -> None:
    """With every item decided, and whatever was decided before, the lower bound is above the truth in at most 2.5 %."""
    rng = np.random.default_rng(11)
    wrong = rng.random(POPULATION) < 0.01
    truth = float(wrong.mean())
    floors = [trial(wrong, rng.random(POPULATION), 200, rng).floor for _ in range(TRIALS)]
    assert np.mean([floor > truth for floor in floors]) <= 0.025 + 3 * np.sqrt(0.025 / len(floors))


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.data())
@examples(60)
def test_the_floor_only_grows_while_a_draw_is_decided(wrong: list[bool], data: st.DataObject) -> None:
    """In whatever order items are decided, no choice of what to decide first can raise the bound beyond its end."""
    order = data.draw(st.permutations(range(len(wrong))))
    known: dict[int, bool] = {}
    before = 0.0
    for at in order:
        known[at] = wrong[at]
        floor = rate([Drawn(1.0, known.get(each)) for each in range(len(wrong))]).floor
        assert floor >= before - 1e-12
        before = floor


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=50), st.data())
@examples(100)
def test_inclusion_probabilities_are_kept(sizes: list[float], data: st.DataObject) -> None:
    """They lie in (0, 1], sum to the size of the draw, and exactly so many are drawn."""
    count = data.draw(st.integers(1, len(sizes)))
    chances = sampling.inclusion(np.array(sizes), count)
    assert ((chances > 0) & (chances <= 1)).all()
    assert chances.sum() == pytest.approx(count)
    drawn = sampling.systematic(chances, np.random.default_rng(data.draw(st.integers(0, 1000))))
    assert len(set(drawn.tolist())) == len(drawn) == count


def test_every_pair_is_drawn_as_often_as_its_probability_says() -> None:
    """Over many draws, each pair's frequency is its inclusion probability."""
    rng = np.random.default_rng(3)
    chances = sampling.ranked_first(np.arange(50, dtype=float), 10)
    counts = np.zeros(50)
    for _ in range(4000):
        counts[sampling.systematic(chances, rng)] += 1
    assert np.abs(counts / 4000 - chances).max() < 0.035


def test_equal_weights_give_clopper_and_pearson() -> None:
    """3 of 100: 0.62 % to 8.52 % (the published interval); none of 100: 0 to 3.62 %."""
    assert binomial(0.03, 100) == pytest.approx((0.006230, 0.085177), abs=1e-5)
    assert binomial(0.0, 100) == pytest.approx((0.0, 0.036217), abs=1e-5)
    assert incomplete_beta(0.5, 2.5, 2.5) == pytest.approx(0.5)


def test_a_small_sample_decides_nothing() -> None:
    """Below the minimum the verdict is `not_decisive`, whatever was found."""
    limits = Limits(maximum=0.01, minimum_sample=100)
    assert rate([Drawn(1.0, wrong=True)] * 99).verdict(limits) == "not_decisive"
    assert rate([Drawn(1.0, wrong=True)] * 100).verdict(limits) == "exceeded"
    assert rate([Drawn(1.0, wrong=False)] * 100).verdict(limits) == "not_decisive"
    assert rate([Drawn(1.0, wrong=False)] * 400).verdict(limits) == "within"
    assert rate([]).verdict(limits) == "not_decisive"
