"""The rank of an integer matrix over a prime field: never above its rank, and without a tolerance."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

PANEL = 64
LARGEST_PRIME = 8_388_593
"""The largest below 2^23: PANEL products of two residues add up to less than 2^53, so that float64 is exact."""

Floats = NDArray[np.float64]


def rank_over_field(matrix: NDArray[np.int64], prime: int = LARGEST_PRIME) -> int:
    """Gaussian elimination in panels of columns (m, n): the panel by rows, the rest by one matrix product."""
    rest = np.mod(matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T, prime).astype(np.float64)
    rank = 0
    while rest.size:
        panel, right = rest[:, :PANEL].copy(), rest[:, PANEL:].copy()
        order, factors = _eliminate(panel, prime)
        pivots = factors.shape[1]
        right = right[order]
        for at in range(pivots - 1):
            right[at + 1 : pivots] -= np.outer(factors[at + 1 : pivots, at], right[at])
            np.mod(right[at + 1 : pivots], prime, out=right[at + 1 : pivots])
        rest = np.mod(right[pivots:] - factors[pivots:] @ right[:pivots], prime)
        rank += pivots
    return rank


def _eliminate(panel: Floats, prime: int) -> tuple[NDArray[np.intp], Floats]:
    """The order of rows that puts the pivots first, and the multiples of each pivot row taken off every row below it:
    (rows, pivots). `panel` is used up.
    """
    order = np.arange(len(panel))
    factors = np.zeros_like(panel)
    pivots = 0
    for column in range(panel.shape[1]):
        candidates = np.flatnonzero(panel[pivots:, column])
        if not len(candidates):
            continue
        swap = [pivots, pivots + candidates[0]]
        for rows in (panel, factors, order):
            rows[swap] = rows[swap[::-1]]
        inverse = pow(int(panel[pivots, column]), -1, prime)
        below = np.mod(panel[pivots + 1 :, column] * inverse, prime)
        factors[pivots + 1 :, pivots] = below
        panel[pivots + 1 :] = np.mod(panel[pivots + 1 :] - np.outer(below, panel[pivots]), prime)
        pivots += 1
        if pivots == len(panel):
            break
    return order, factors[:, :pivots]


@cache
def primes() -> tuple[int, ...]:
    """Some 250 primes from the largest one downwards: together more than any minor that is eliminated here."""
    sieve = np.ones(4096, dtype=bool)
    base = LARGEST_PRIME + 1 - len(sieve)
    for factor in range(2, int(LARGEST_PRIME**0.5) + 1):
        sieve[-base % factor :: factor] = False
    return tuple(base + int(at) for at in np.flatnonzero(sieve)[::-1])
