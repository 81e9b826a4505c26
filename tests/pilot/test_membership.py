import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot.checks.membership import auc, auc_interval

SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=15)


@given(SCORES, SCORES)
def test_the_area_is_the_chance_to_rank_a_member_higher(members: list[float], others: list[float]) -> None:
    """The area is the share of pairs of a member and a non-member that are ranked right, plus half of the ties."""
    won = sum((member > other) + (member == other) / 2 for member in members for other in others)
    assert auc(members, others) == pytest.approx(won / (len(members) * len(others)))


def test_the_interval_knows_its_sample() -> None:
    """If 2,000 of 2,000 are told apart it is within 0.998 and 1; if none of 50 and 50 is answered, around one half."""
    low, high = auc_interval((2000, 2000), (0, 2000))
    assert 0.997 < low < high == 1
    low, high = auc_interval((0, 50), (0, 50))
    assert low < 0.5 < high
    assert high - low < 0.1
