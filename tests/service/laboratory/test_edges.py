"""The search for the largest number of facts held, against networks of which the edge is known."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.laboratory.edges import edge, finer, ladder
from tests.examples import examples

ladders = st.dictionaries(st.integers(1, 10_000), st.booleans(), min_size=1, max_size=12)


@given(ladders)
def test_the_number_reported_was_itself_held(tried: dict[int, bool]) -> None:
    """The edge is a rung that was held with the next one failing, or says that it is beyond the ladder's ends."""
    found = edge(tried)
    assert found.held == 0 or tried[found.held]
    assert found.above is None or not tried[found.above]
    assert (found.above is None) == (found.held == max(tried))
    assert (found.held == 0) <= (found.above == min(tried) == found.least)


@given(ladders)
def test_no_other_edge_explains_more_rungs(tried: dict[int, bool]) -> None:
    """Of all edges it leaves the fewest failures below and successes above."""

    def wrong(at: int) -> int:
        return sum(held != (facts <= at) for facts, held in tried.items())

    assert wrong(edge(tried).held) == min(map(wrong, [0, *tried]))


@examples(50)
@given(st.integers(1, 5_000), st.floats(1, 8_000), st.integers(20, 6_000))
def test_a_sharp_edge_is_found_to_within_the_asked_factor(true: int, expected: float, most: int) -> None:
    """However wrong the first guess is, a network that holds `true` facts is found to a tenth in nine rounds."""
    tried = {facts: facts <= true for facts in ladder(expected, most, 1.4, 6)}
    for _ in range(9):
        tried |= {facts: facts <= true for facts in finer(tried, most, 1.1, 4)}
    found = edge(tried)
    if found.above is None:
        assert found.held == most <= true
    elif found.held:
        assert found.held <= true < found.above
        assert found.above <= max(found.held * 1.1, found.held + 1)
    else:
        assert found.least == 1 > true or found.least > true


def test_a_noisy_edge_is_found_without_bias_of_a_rung() -> None:
    """Networks that hold n facts with a chance falling around 400 are found between 350 and 430 on average."""
    random = np.random.default_rng(1)

    def holds(facts: int) -> bool:
        return bool(random.random() < 1 / (1 + math.exp((facts - 400) / 25)))

    found = []
    for _ in range(200):
        tried = {facts: holds(facts) for facts in ladder(300, 5_000, 1.4, 6)}
        for _ in range(3):
            tried |= {facts: holds(facts) for facts in finer(tried, 5_000, 1.1, 3)}
        found.append(edge(tried).held)
    assert 350 < np.mean(found) < 430


def test_a_ladder_that_holds_to_its_top_is_continued_upwards() -> None:
    """With no failure on the ladder the next rungs lie above it, and there are none above all facts there are."""
    assert min(finer({10: True, 14: True}, 100, 1.1, 3)) > 14
    assert max(finer({10: True, 14: True}, 20, 1.1, 3)) == 20
    assert finer({10: True, 20: True}, 20, 1.1, 3) == []


def test_a_ladder_without_a_success_is_continued_downwards() -> None:
    """With no success the next rungs lie below, and the search ends at one fact."""
    assert max(finer({10: False, 14: False}, 100, 1.1, 3)) < 10
    assert finer({1: False}, 100, 1.1, 3) == []


@given(st.floats(0.1, 1e5), st.integers(1, 1_000))
def test_a_ladder_stays_within_the_facts_there_are(middle: float, most: int) -> None:
    """Rungs are distinct, at least one fact and at most all."""
    rungs = ladder(middle, most, 1.4, 6)
    assert rungs == sorted(set(rungs))
    assert 1 <= rungs[0] <= rungs[-1] <= most
