import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot.statistics import incomplete_beta, interval, lower_bound, percent, upper_bound

COUNTS = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS)
def test_interval_holds_the_rate(counts: tuple[int, int]) -> None:
    """0 <= low <= k/n <= high <= 1, and the whole of [0, 1] when nothing was asked."""
    k, n = counts
    low, high = interval(k, n)
    assert 0 <= low <= high <= 1
    assert (low, high) == (0, 1) if n == 0 else low <= k / n <= high


@pytest.mark.parametrize("n", [1, 5, 30])
@pytest.mark.parametrize("rate", [0.001, 0.03, 0.2, 0.5, 0.77, 0.999])
def test_interval_covers_at_least_95_per_cent(n: int, rate: float) -> None:
    """Over all outcomes of n trials the interval holds the true rate with a probability of at least 0.95."""
    held = [k for k in range(n + 1) if interval(k, n)[0] <= rate <= interval(k, n)[1]]
    assert sum(math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in held) >= 0.95


@given(st.integers(1, 300), st.data())
def test_bounds_grow_with_k(n: int, data: st.DataObject) -> None:
    """One more hit among the same number of trials moves both ends up."""
    k = data.draw(st.integers(0, n - 1))
    (low, high), (next_low, next_high) = interval(k, n), interval(k + 1, n)
    assert next_low > low
    assert next_high > high or high == 1


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(5, 10, 0.1870860, 0.8129140), (1, 10, 0.0025286, 0.4450161), (0, 2995, 0.0, 0.0012309), (10, 10, 0.6915029, 1.0)],
)
def test_interval_is_clopper_pearson(k: int, n: int, low: float, high: float) -> None:
    """The ends are the published Clopper-Pearson values."""
    assert interval(k, n) == pytest.approx((low, high), abs=1e-7)


@pytest.mark.parametrize(("n", "bound"), [(2_995, 1e-3), (29_956, 1e-4), (2_995_731, 1e-6)])
def test_no_false_answer_in_n_shows_the_bound(n: int, bound: float) -> None:
    """The numbers of questions without a false answer that show 0.1 %, 0.01 % and 1e-6 at 95 % are the known ones."""
    assert upper_bound(0, n) == pytest.approx(bound, rel=1e-3)
    assert lower_bound(0, n) == 0


@given(st.floats(0.001, 0.999), st.integers(1, 50), st.integers(1, 50))
def test_incomplete_beta_is_the_binomial_tail(x: float, a: int, b: int) -> None:
    """I_x(a, b) is the probability of at least a hits in a + b - 1 trials."""
    n = a + b - 1
    tail = math.fsum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
    assert incomplete_beta(x, a, b) == pytest.approx(tail, abs=1e-12)


@given(st.integers(1, 10**12), st.data())
def test_only_all_prints_100_and_only_none_prints_0(n: int, data: st.DataObject) -> None:
    """A rate short of one never prints as 100 %, and one above zero never as 0 %."""
    k = data.draw(st.sampled_from([0, 1, n - 1, n]))
    shown = percent(k, n)
    assert (shown == "100 %") == (k == n)
    assert (shown == "0 %") == (k == 0)
    assert shown not in {"100.00 %", "0.00 %"}


def test_nothing_asked_is_no_rate() -> None:
    """0 of 0 is shown as a dash, not as a rate."""
    assert percent(0, 0) == "–"
    assert percent(58_844, 58_845) == "99.998 %"
