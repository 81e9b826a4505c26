"""The search for the largest number of facts held, against networks of which the threshold is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.laboratory.thresholds import Threshold, choose_sizes, compare_held, find_threshold, mean_held, refine_sizes
from tests.examples import examples

sweeps = st.dictionaries(st.integers(1, 10_000), st.booleans(), min_size=1, max_size=12)
counts = st.lists(st.tuples(st.integers(50, 5000), st.integers(50, 5000)), min_size=3, max_size=8)


@given(sweeps)
def test_the_number_reported_was_itself_held(tried: dict[int, bool]) -> None:
    """The threshold is a size that was held with the next one failing, or says that it lies beyond the sizes tried."""
    found = find_threshold(tried)
    assert found.held == 0 or tried[found.held]
    assert found.above is None or not tried[found.above]
    assert (found.above is None) == (found.held == max(tried))
    assert (found.held == 0) <= (found.above == min(tried) == found.least)


@given(sweeps)
def test_no_other_threshold_explains_more_sizes(tried: dict[int, bool]) -> None:
    """Of all thresholds it leaves the fewest failures below and successes above."""

    def wrong(at: int) -> int:
        return sum(held != (facts <= at) for facts, held in tried.items())

    assert wrong(find_threshold(tried).held) == min(map(wrong, [0, *tried]))


@examples(50)
@given(st.integers(1, 5_000), st.floats(1, 8_000), st.integers(20, 6_000))
def test_a_sharp_threshold_is_found_to_within_the_asked_factor(true: int, expected: float, most: int) -> None:
    """However wrong the first guess is, a network that holds `true` facts is found to a tenth in nine rounds."""
    tried = {facts: facts <= true for facts in choose_sizes(expected, most, 1.4, 6)}
    for _ in range(9):
        tried |= {facts: facts <= true for facts in refine_sizes(tried, most, 1.1, 4)}
    found = find_threshold(tried)
    if found.above is None:
        assert found.held == most <= true
    elif found.held:
        assert found.held <= true < found.above
        assert found.above <= max(found.held * 1.1, found.held + 1)
    else:
        assert found.least == 1 > true or found.least > true


def test_a_noisy_threshold_is_found_without_bias_of_a_size() -> None:
    """Networks that hold n facts with a chance falling around 400 are found between 350 and 430 on average."""
    random = np.random.default_rng(1)

    def holds(facts: int) -> bool:
        return bool(random.random() < 1 / (1 + math.exp((facts - 400) / 25)))

    found = []
    for _ in range(200):
        tried = {facts: holds(facts) for facts in choose_sizes(300, 5_000, 1.4, 6)}
        for _ in range(3):
            tried |= {facts: holds(facts) for facts in refine_sizes(tried, 5_000, 1.1, 3)}
        found.append(find_threshold(tried).held)
    assert 350 < np.mean(found) < 430


def test_a_sweep_that_holds_to_its_top_is_continued_upwards() -> None:
    """With no failure the next sizes lie above, and there are none above all facts there are."""
    assert min(refine_sizes({10: True, 14: True}, 100, 1.1, 3)) > 14
    assert max(refine_sizes({10: True, 14: True}, 20, 1.1, 3)) == 20
    assert refine_sizes({10: True, 20: True}, 20, 1.1, 3) == []


def test_a_sweep_without_a_success_is_continued_downwards() -> None:
    """With no success the next sizes lie below, and the search ends at one fact."""
    assert max(refine_sizes({10: False, 14: False}, 100, 1.1, 3)) < 10
    assert refine_sizes({1: False}, 100, 1.1, 3) == []


@given(st.floats(0.1, 1e5), st.integers(1, 1_000))
def test_a_sweep_stays_within_the_facts_there_are(middle: float, most: int) -> None:
    """Rungs are distinct, at least one fact and at most all."""
    sizes = choose_sizes(middle, most, 1.4, 6)
    assert sizes == sorted(set(sizes))
    assert 1 <= sizes[0] <= sizes[-1] <= most


def thresholds(*held: int, factor: float = 1.05) -> list[Threshold]:
    return [Threshold(facts, math.ceil(facts * factor), 1) for facts in held]


@given(counts)
def test_a_comparison_does_not_depend_on_which_comes_first(pairs: list[tuple[int, int]]) -> None:
    """The ratio of B to A is one over that of A to B, and so are the ends of its interval."""
    first, second = (thresholds(*side) for side in zip(*pairs, strict=True))
    forward, backward = compare_held(first, second), compare_held(second, first)
    assert forward is not None
    assert backward is not None
    assert backward.high is not None
    assert forward.times == pytest.approx(1 / backward.times)
    assert forward.low == pytest.approx(1 / backward.high)


def test_the_same_rung_three_times_does_not_decide() -> None:
    """Two candidates on the same sizes at every seed are not known to be equal: the interval is as wide as sizes."""
    found = compare_held(thresholds(200, 200, 200), thresholds(200, 200, 200)) or pytest.fail("no ratio")
    assert found.low == pytest.approx(1 / 1.05)
    assert found.high == pytest.approx(1.05)


def test_pairs_decide_what_means_do_not() -> None:
    """A tenth more on every seed is seen, although seeds differ by far more than a tenth."""
    found = compare_held(thresholds(110, 220, 440), thresholds(100, 200, 400)) or pytest.fail("no ratio")
    assert found.low > 1
    assert mean_held(thresholds(110, 220, 440))[1] is not None


def test_a_sweep_that_ends_too_early_gives_no_interval() -> None:
    """Where a network holds more than was tried, its figure is a bound, and so is a comparison with it."""
    censored = [*thresholds(100, 120), Threshold(300, None, 50)]
    assert mean_held(censored)[1] is None
    assert compare_held(thresholds(90, 95, 99), censored) is None
    found = compare_held(censored, thresholds(90, 95, 99)) or pytest.fail("no ratio")
    assert found.high is None


def test_what_holds_nothing_is_beaten_by_at_least_its_lowest_size() -> None:
    """A candidate that fails on every size from 50 on is beaten by one that holds 100, at least two to one."""
    found = compare_held(thresholds(100, 100, 100), [Threshold(0, 50, 50)] * 3) or pytest.fail("no ratio")
    assert found.high is None
    assert found.low == pytest.approx(2)
    assert compare_held([Threshold(0, 5, 5)] * 3, thresholds(9, 9, 9)) is None


def test_two_seeds_decide_nothing() -> None:
    """Two on the same sizes would look certain: of fewer than three there is no interval."""
    assert mean_held(thresholds(200, 200))[1] is None
    assert compare_held(thresholds(200, 200), thresholds(100, 100)) is None
