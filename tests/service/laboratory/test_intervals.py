"""Intervals over seeds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.laboratory import intervals
from service.laboratory.edges import Edge


def edges(*held: int, factor: float = 1.05) -> list[Edge]:
    return [Edge(facts, math.ceil(facts * factor), 1) for facts in held]


counts = st.lists(st.tuples(st.integers(50, 5000), st.integers(50, 5000)), min_size=3, max_size=8)


def test_the_interval_of_a_mean_is_students() -> None:
    """For 1, 2, 3 the half width is 4.303 standard errors; of one value nothing is known."""
    assert intervals.half_width([1.0, 2.0, 3.0]) == pytest.approx(4.303 / math.sqrt(3))
    assert intervals.half_width([1.0]) == math.inf


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of 1,000 draws of four values, between 93 and 97 % of the intervals hold the true mean."""
    draws = np.random.default_rng(5).normal(size=(1000, 4)).tolist()
    covered = sum(abs(intervals.mean(draw)) < intervals.half_width(draw) for draw in draws)
    assert 930 < covered < 970


@given(counts)
def test_a_comparison_does_not_depend_on_which_comes_first(pairs: list[tuple[int, int]]) -> None:
    """The ratio of B to A is one over that of A to B, and so are the ends of its interval."""
    first, second = (edges(*side) for side in zip(*pairs, strict=True))
    forward, backward = intervals.ratio(first, second), intervals.ratio(second, first)
    assert forward is not None
    assert backward is not None
    assert backward.high is not None
    assert forward.times == pytest.approx(1 / backward.times)
    assert forward.low == pytest.approx(1 / backward.high)


def test_the_same_rung_three_times_does_not_decide() -> None:
    """Two contenders on the same rungs at every seed are not known to be equal: the interval is as wide as rungs."""
    found = intervals.ratio(edges(200, 200, 200), edges(200, 200, 200)) or pytest.fail("no ratio")
    assert found.low == pytest.approx(1 / 1.05)
    assert found.high == pytest.approx(1.05)


def test_pairs_decide_what_means_do_not() -> None:
    """A tenth more on every seed is seen, although seeds differ by far more than a tenth."""
    found = intervals.ratio(edges(110, 220, 440), edges(100, 200, 400)) or pytest.fail("no ratio")
    assert found.low > 1
    assert intervals.held(edges(110, 220, 440))[1] is not None


def test_a_ladder_that_ends_too_early_gives_no_interval() -> None:
    """Where a network holds more than was tried, its figure is a bound, and so is a comparison with it."""
    censored = [*edges(100, 120), Edge(300, None, 50)]
    assert intervals.held(censored)[1] is None
    assert intervals.ratio(edges(90, 95, 99), censored) is None
    found = intervals.ratio(censored, edges(90, 95, 99)) or pytest.fail("no ratio")
    assert found.high is None


def test_what_holds_nothing_is_beaten_by_at_least_its_lowest_rung() -> None:
    """A contender that fails on every rung from 50 on is beaten by one that holds 100, at least two to one."""
    found = intervals.ratio(edges(100, 100, 100), [Edge(0, 50, 50)] * 3) or pytest.fail("no ratio")
    assert found.high is None
    assert found.low == pytest.approx(2)
    assert intervals.ratio([Edge(0, 5, 5)] * 3, edges(9, 9, 9)) is None


def test_two_seeds_decide_nothing() -> None:
    """Two on the same rungs would look certain: of fewer than three there is no interval."""
    assert intervals.held(edges(200, 200))[1] is None
    assert intervals.ratio(edges(200, 200), edges(100, 100)) is None


def test_a_power_law_is_recognised() -> None:
    """Points on y = x^0.7 give the slope 0.7, and two sizes are the least that give one."""
    x = [math.log(size) for size in (100, 200, 400, 800)]
    steep, (low, high) = intervals.slope(x, [0.7 * value for value in x]) or pytest.fail("no slope")
    assert low <= steep <= high
    assert steep == pytest.approx(0.7)
    assert intervals.slope([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None
