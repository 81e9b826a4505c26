"""How far one figure of a table predicts another: correlations with bootstrap intervals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
FEWEST = 5
"""With fewer tables nothing is said."""

Floats = NDArray[np.float64]


class Correlation(NamedTuple):
    """Of ranks (Spearman) and of values (Pearson), each with the 2.5 % and 97.5 % quantiles over resampled tables."""

    spearman: float
    spearman_interval: tuple[float, float]
    pearson: float
    pearson_interval: tuple[float, float]


def correlation(x: ArrayLike, y: ArrayLike, seed: int = 0) -> Correlation | None:
    """Over tables drawn with replacement (Efron 1979). None where there are too few, or x or y is always the same."""
    pairs = np.stack([np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)])
    n = pairs.shape[1]
    if n < FEWEST or any(np.ptp(side) == 0 for side in pairs):
        return None
    drawn = pairs[:, np.random.default_rng(seed).integers(n, size=(RESAMPLES, n))]
    once = pairs[:, None]
    ranks, values = _pearson(_ranks(drawn[0]), _ranks(drawn[1])), _pearson(drawn[0], drawn[1])
    rank, value = _pearson(_ranks(once[0]), _ranks(once[1])), _pearson(once[0], once[1])
    return Correlation(float(rank[0]), _interval(ranks), float(value[0]), _interval(values))


def _ranks(values: Floats) -> Floats:
    """Ranks along the last axis, (draws, n); equal values share the mean of theirs."""
    other, own = values[:, None, :], values[:, :, None]
    ranks: Floats = (other < own).sum(axis=2) + 0.5 * (other == own).sum(axis=2)
    return ranks


def _pearson(x: Floats, y: Floats) -> Floats:
    """Along the last axis; 0 where a draw is constant: nothing can be read off it."""
    x, y = (side - side.mean(axis=1, keepdims=True) for side in (x, y))
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    shares: Floats = (x * y).sum(axis=1) / np.where(scale > 1e-12, scale, np.inf)
    return shares


def _interval(draws: Floats) -> tuple[float, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
