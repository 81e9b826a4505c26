"""Intervals and correlations."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import statistics
from service.statistics import binomial, correlation

values = st.lists(st.integers(-50, 50), min_size=6, max_size=15, unique=True)


@pytest.mark.parametrize(
    ("rate", "size", "expected"),
    [
        (0.03, 100, (0.006229971538306394, 0.08517605297428003)),
        (0.0, 100, (0.0, 0.03621669264517642)),
        (1.0, 7, (0.5903836027749966, 1.0)),
        (0.25, 10.5, (0.04689191103409545, 0.5964704777274856)),
        (0.5, 0, (0.0, 1.0)),
    ],
)
def test_the_interval_of_a_rate_is_clopper_and_pearsons(
    rate: float, size: float, expected: tuple[float, float]
) -> None:
    """Equal to beta quantiles computed with 50 digits, for whole and for effective sample sizes; of none (0, 1)."""
    assert binomial(rate, size) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 12.706204736174705), (2, 4.302652729749464), (7, 2.3646242515927853), (100, 1.9839715185235522)],
)
def test_the_quantile_is_students(freedom: int, expected: float) -> None:
    """Equal to 97.5 % quantiles computed with 50 digits."""
    assert statistics.t_quantile(freedom) == pytest.approx(expected, rel=1e-9)


def test_the_interval_of_a_mean_is_students() -> None:
    """For 1, 2, 3 the half width is 4.303 standard errors; of one value nothing is known."""
    assert statistics.half_width([1.0, 2.0, 3.0]) == pytest.approx(4.302652729749464 / math.sqrt(3), rel=1e-9)
    assert statistics.half_width([1.0]) == math.inf


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of 1,000 draws of four values, between 93 and 97 % of the intervals hold the true mean."""
    draws = np.random.default_rng(5).normal(size=(1000, 4)).tolist()
    covered = sum(abs(statistics.mean(draw)) < statistics.half_width(draw) for draw in draws)
    assert 930 < covered < 970


def test_a_power_law_is_recognised() -> None:
    """Points on y = x^0.7 give the slope 0.7, and a single size gives none."""
    x = [math.log(size) for size in (100, 200, 400, 800)]
    steep, (low, high) = statistics.slope(x, [0.7 * value for value in x]) or pytest.fail("no slope")
    assert low <= steep <= high
    assert steep == pytest.approx(0.7)
    assert statistics.slope([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None


@settings(max_examples=25)
@given(values)
def test_what_rises_together(x: list[int]) -> None:
    """Whatever its form, a rising function of x has rank correlation 1 and a falling one -1."""
    rising, falling = (correlation(x, [sign * value**3 for value in x]) for sign in (1, -1))
    assert rising is not None
    assert falling is not None
    assert [rising.spearman, *rising.spearman_interval] == pytest.approx([1, 1, 1])
    assert [falling.spearman, *falling.spearman_interval] == pytest.approx([-1, -1, -1])
    assert rising.pearson < 1 + 1e-9


@settings(max_examples=25)
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
