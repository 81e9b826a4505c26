"""Exact binomial intervals, and percentages that never round a miss away.

The interval is Clopper and Pearson's (Biometrika 26, 1934): its ends are beta quantiles, so it holds at least the
stated confidence for every sample size and every true rate. The regularised incomplete beta function is Lentz's
continued fraction (Press et al., Numerical Recipes, section 6.4); its inverse is bisection.
"""

import math
from decimal import ROUND_HALF_EVEN, Decimal

Interval = tuple[float, float]

_TINY = 1e-300
_CONVERGED = 1e-15
_BISECTIONS = 100
_MOST_DECIMALS = 6


def interval(k: int, n: int, confidence: float = 0.95) -> Interval:
    """Return the two-sided interval of a rate of which `k` of `n` were seen; (0, 1) for n = 0."""
    tail = (1 - confidence) / 2
    return _lower(k, n, tail), _upper(k, n, tail)


def upper_bound(k: int, n: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound, as a threshold needs one side only. For k = 0 and n = 2,995 it is 0.1 %."""
    return _upper(k, n, 1 - confidence)


def lower_bound(k: int, n: int, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound."""
    return _lower(k, n, 1 - confidence)


def percent(k: int, n: int, decimals: int = 2) -> str:
    """Write `k` of `n` in per cent. Decimals are added until only n of n gives 100 % and only 0 of n gives 0 %."""
    if n == 0:
        return "–"
    if k in (0, n):
        return "0 %" if k == 0 else "100 %"
    exact = Decimal(100 * k) / Decimal(n)
    for places in range(decimals, _MOST_DECIMALS + 1):
        shown = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
        if shown not in (0, 100):
            return f"{shown} %"
    return "< 0.000001 %" if exact < 1 else "> 99.999999 %"


def _lower(k: int, n: int, tail: float) -> float:
    return 0.0 if k == 0 else _beta_quantile(tail, k, n - k + 1)


def _upper(k: int, n: int, tail: float) -> float:
    return 1.0 if k == n else _beta_quantile(1 - tail, k + 1, n - k)


def _beta_quantile(p: float, a: float, b: float) -> float:
    """Return the x in (0, 1) at which the regularised incomplete beta function I_x(a, b) is p."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if incomplete_beta(middle, a, b) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised I_x(a, b) for 0 <= x <= 1 and a, b > 0, to about 14 digits."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side
        return 1 - incomplete_beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _continued_fraction(x, a, b) / a


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Lentz's evaluation; even and odd steps of one term at a time."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _CONVERGED:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
