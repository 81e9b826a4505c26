"""Intervals and correlations, with the special functions of scipy.

The pilot computes its intervals by itself: it judges the service, so it shares no code with it. `scipy.special` is
imported where it is called: most processes start without ever needing it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Interval = tuple[float, float]
Floats = NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2000
FEWEST_PAIRS = 5
"""No correlation is computed from fewer pairs of values than this."""


class Correlation(NamedTuple):
    """Of ranks (Spearman) and of values (Pearson), each with its 95 % bootstrap interval."""

    spearman: float
    spearman_interval: Interval
    pearson: float
    pearson_interval: Interval


def binomial(rate: float, size: float) -> Interval:
    """The two-sided 95 % interval of a rate seen in `size` items, which may be a fraction; (0, 1) for none.

    Clopper and Pearson (Biometrika 26, 1934): the ends are beta quantiles, so the interval holds at least its
    confidence for every sample size and rate. Korn and Graubard (Survey Methodology 24, 1998) put the effective sample
    size in place of the sample size where items were drawn with unequal probabilities.
    """
    from scipy.special import betaincinv  # noqa: PLC0415

    if size <= 0:
        return 0.0, 1.0
    tail, wrong = (1 - CONFIDENCE) / 2, rate * size
    low = 0.0 if wrong <= 0 else float(betaincinv(wrong, size - wrong + 1, tail))
    high = 1.0 if wrong >= size else float(betaincinv(wrong + 1, size - wrong, 1 - tail))
    return low, high


def effective_size(weights: Sequence[float], wrong: Sequence[bool]) -> float:
    """The number of items drawn with equal probability that would be as informative.

    It is the smallest of the number of items, Kish's effective sample size, which depends on the weights alone, and
    the size at which a binomial rate has the variance observed here. 0 for no items.
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


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean. Raises ZeroDivisionError for no values."""
    return sum(values) / len(values)


def half_width(values: Sequence[float]) -> float:
    """Half the width of Student's 95 % interval of the mean of independent values; infinite for fewer than two."""
    n = len(values)
    if n < 2:
        return math.inf
    return t_quantile(n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n)


def t_quantile(freedom: int) -> float:
    """The 97.5 % quantile of Student's t distribution with `freedom` degrees of freedom, at least one."""
    from scipy.special import stdtrit  # noqa: PLC0415

    return float(stdtrit(freedom, 1 - (1 - CONFIDENCE) / 2))


def slope(x: Sequence[float], y: Sequence[float]) -> tuple[float, Interval] | None:
    """The slope of the least-squares line through points, with its 95 % interval; None for fewer than three points or a
    single x. The error is computed from the residuals, because the textbook form with 1 - r² cancels where the fit is
    good.
    """
    n = len(x)
    if n < 3 or min(x) == max(x):
        return None
    across, up = np.asarray(x) - mean(x), np.asarray(y) - mean(y)
    spread = float(across @ across)
    steep = float(across @ up) / spread
    half = t_quantile(n - 2) * math.sqrt(float(np.square(up - steep * across).sum()) / (n - 2) / spread)
    return steep, (steep - half, steep + half)


def correlation(x: ArrayLike, y: ArrayLike, seed: int = 0) -> Correlation | None:
    """Correlate two figures, each of shape (n,), with bootstrap intervals from pairs drawn with replacement (Efron,
    Annals of Statistics 7, 1979). None for fewer than `FEWEST_PAIRS` pairs, or where x or y is constant.
    """
    pairs = np.stack([np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)])
    n = pairs.shape[1]
    if n < FEWEST_PAIRS or any(np.ptp(side) == 0 for side in pairs):
        return None
    drawn = pairs[:, np.random.default_rng(seed).integers(n, size=(RESAMPLES, n))]
    spearman, of_ranks = _measured(_ranks(pairs[:, None]), _ranks(drawn))
    pearson, of_values = _measured(pairs[:, None], drawn)
    return Correlation(spearman, of_ranks, pearson, of_values)


def _measured(once: Floats, drawn: Floats) -> tuple[float, Interval]:
    """Pearson's coefficient of `once`, (2, 1, n), with the quantiles of those of `drawn`, (2, draws, n)."""
    low, high = np.quantile(_pearson(*drawn), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(_pearson(*once)[0]), (float(low), float(high))


def _ranks(values: Floats) -> Floats:
    """Ranks along the last axis; equal values share the mean of their ranks. Every value is compared with every other,
    since tables are few and importing `scipy.stats` for its `rankdata` takes seconds.
    """
    own, other = values[..., :, None], values[..., None, :]
    ranks: Floats = (other < own).sum(axis=-1) + 0.5 * (other == own).sum(axis=-1)
    return ranks


def _pearson(x: Floats, y: Floats) -> Floats:
    """Pearson's coefficient along the last axis; 0 where a draw is constant."""
    x, y = (side - side.mean(axis=1, keepdims=True) for side in (x, y))
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    shares: Floats = (x * y).sum(axis=1) / np.where(scale > 1e-12, scale, np.inf)
    return shares
