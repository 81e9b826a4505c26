"""Correlations and their intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.laboratory.rank.correlation import correlation
from tests.examples import examples

values = st.lists(st.integers(-50, 50), min_size=6, max_size=15, unique=True)


@examples(25)
@given(values)
def test_what_rises_together(x: list[int]) -> None:
    """Whatever its form, a rising function of x has rank correlation 1 and a falling one -1."""
    rising, falling = (correlation(x, [sign * value**3 for value in x]) for sign in (1, -1))
    assert rising is not None
    assert falling is not None
    assert [rising.spearman, *rising.spearman_interval] == pytest.approx([1, 1, 1])
    assert [falling.spearman, *falling.spearman_interval] == pytest.approx([-1, -1, -1])
    assert rising.pearson < 1 + 1e-9


@examples(25)
@given(st.integers(0, 2**32 - 1))
def test_agreement_with_the_definition(seed: int) -> None:
    """Pearson's is numpy's; Spearman's is that of the ranks, ties sharing the mean of theirs."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 6, (2, 12))
    found = correlation(x, y)
    if found is None:
        assert np.ptp(x) == 0 or np.ptp(y) == 0
        return
    first, second = (
        np.array([float(np.mean(np.flatnonzero(np.sort(side) == value))) for value in side]) for side in (x, y)
    )
    assert found.pearson == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found.spearman == pytest.approx(np.corrcoef(first, second)[0, 1])


def test_independent_values_contain_zero() -> None:
    """Of unrelated values, nineteen intervals in twenty contain zero; at least fifteen do."""
    rng = np.random.default_rng(0)
    intervals = [found.spearman_interval for _ in range(20) if (found := correlation(*rng.normal(size=(2, 13))))]
    assert sum(low <= 0 <= high for low, high in intervals) >= 15


def test_where_nothing_can_be_said() -> None:
    """Too few tables, or values that are all the same."""
    assert correlation([1, 2, 3, 4], [1, 2, 3, 4]) is None
    assert correlation([1] * 9, range(9)) is None
