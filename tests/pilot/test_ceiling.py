import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot.checks.privacy import AnswerChoices, recall_ceiling
from pilot.statistics import interval


@given(st.floats(0, 12), st.integers(1, 10**6), st.floats(0, 1))
def test_the_ceiling_is_the_formula(epsilon: float, m: int, delta: float) -> None:
    """(e^eps + (m - 1) delta) / (m - 1 + e^eps), between chance and certainty, and growing with epsilon."""
    found = recall_ceiling(epsilon, m, delta)
    assert found == pytest.approx(min((math.exp(epsilon) + (m - 1) * delta) / (m - 1 + math.exp(epsilon)), 1))
    assert 1 / m <= found + 1e-12
    assert found <= recall_ceiling(epsilon + 1, m, delta) + 1e-12


def test_no_privacy_is_no_ceiling_and_full_privacy_is_chance() -> None:
    """At epsilon 0 one of m answers is guessed; at a large one everything may be recalled, without an overflow."""
    assert recall_ceiling(0, 400) == pytest.approx(1 / 400)
    assert recall_ceiling(1000, 400) == 1
    assert recall_ceiling(0, 1) == 1


def test_randomised_response_reaches_the_ceiling() -> None:
    """Of 20,000 pairs over two relations, the share that the mean ceiling gives keeps its true answer; all others are
    equally likely.
    """
    held = {(f"s{n}", f"r{n % 2}"): (str(n % (4 if n % 2 else 50)),) for n in range(20_000)}
    table = AnswerChoices(held)
    noisy = table.randomised(held, 2.0, seed=1)
    kept = sum(noisy[pair] == held[pair] for pair in held)
    low, high = interval(kept, len(held), 0.999)
    assert low <= table.ceiling(2.0) <= high
    shifts = Counter((int(noisy[pair][0]) - int(held[pair][0])) % 50 for pair in held if pair[1] == "r0")
    del shifts[0]
    assert len(shifts) == 24
    assert max(shifts.values()) < 1.3 * min(shifts.values())
