"""Exact binomial intervals, also where the sample has weights.

Clopper and Pearson (Biometrika 26, 1934): the ends are beta quantiles, so the interval holds at least its confidence
for every sample size and rate. Korn and Graubard (Survey Methodology 24, 1998) put the effective sample size in place
of the sample size where items were drawn with unequal probabilities; the beta distribution takes fractions as they are.

The pilot computes its intervals by itself: it judges the service, so it shares no code with it.
"""

import math
from collections.abc import Sequence

import numpy as np

Interval = tuple[float, float]

CONFIDENCE = 0.95
_BISECTIONS = 36
_TERMS = 300
_TINY = 1e-300
_CONVERGED = 1e-12


def binomial(rate: float, size: float) -> Interval:
    """The two-sided 95 % interval of a rate seen in `size` items, which may be a fraction; (0, 1) for none."""
    if size <= 0:
        return 0.0, 1.0
    tail, wrong = (1 - CONFIDENCE) / 2, rate * size
    low = 0.0 if wrong <= 0 else _beta_quantile(tail, wrong, size - wrong + 1)
    high = 1.0 if wrong >= size else _beta_quantile(1 - tail, wrong + 1, size - wrong)
    return low, high


def effective_size(weights: Sequence[float], wrong: Sequence[bool]) -> float:
    """How many items drawn with equal probability would say as much: the smaller of Kish's figure, from the weights
    alone, and the one at which a binomial rate has the variance that is seen here.
    """
    count, v = len(weights), np.asarray(weights, dtype=np.float64)
    if count == 0:
        return 0.0
    kish = float(v.sum() ** 2 / np.square(v).sum())
    weighed = v * np.asarray(wrong, dtype=np.float64)
    rate, variance = float(weighed.mean()), float(weighed.var()) / count
    if variance <= 0 or not 0 < rate < 1:
        return kish
    return min(kish, rate * (1 - rate) / variance, float(count))


def _beta_quantile(p: float, a: float, b: float) -> float:
    """The x at which the regularised incomplete beta function I_x(a, b) is p, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(middle, a, b) < p else (low, middle)
    return (low + high) / 2


def incomplete_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b) for a, b > 0, by Lentz's continued fraction (Press et al., Numerical Recipes, section 6.4)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side
        return 1 - incomplete_beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _continued_fraction(x, a, b) / a


def _continued_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _CONVERGED:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
