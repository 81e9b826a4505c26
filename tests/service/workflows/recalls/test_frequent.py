"""The commonest of many are found in bounded space."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from service.workflows.recalls.live_use import merge_heavy_hitters

MOST = 5


@given(st.lists(st.lists(st.integers(0, 20), max_size=40), max_size=12))
def test_no_count_is_too_high_and_none_lacks_more_than_is_said(batches: list[list[int]]) -> None:
    """Over any batches: true - lacking <= kept <= true, in at most `MOST` keys, and lacking <= all / (MOST + 1); so
    whatever was asked more often than that is kept.
    """
    kept: dict[int, int] = {}
    lacking = 0
    for batch in batches:
        kept, cut = merge_heavy_hitters(kept, Counter(batch), MOST)
        lacking += cut
    true = Counter(each for batch in batches for each in batch)
    assert len(kept) <= MOST
    assert lacking <= true.total() / (MOST + 1)
    for key, count in true.items():
        assert count - lacking <= kept.get(key, 0) <= count
