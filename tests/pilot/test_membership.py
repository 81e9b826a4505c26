import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot.checks.membership import auc, auc_interval

SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=15)


@given(SCORES, SCORES)
def test_the_area_is_the_chance_to_rank_rightly(members: list[float], others: list[float]) -> None:
    """Over all pairs of a member and another: won ones, and half of the ties."""
    won = sum((member > other) + (member == other) / 2 for member in members for other in others)
    assert auc(members, others) == pytest.approx(won / (len(members) * len(others)))


def test_the_interval_knows_its_sample() -> None:
    """2,000 of 2,000 told apart: between 0.998 and 1; nothing answered of 50 and 50: around one half."""
    low, high = auc_interval((2000, 2000), (0, 2000))
    assert 0.997 < low < high == 1
    low, high = auc_interval((0, 50), (0, 50))
    assert low < 0.5 < high
    assert high - low < 0.1
