"""The rank of a large sparse matrix of zeros and ones: what is certain, and what a random sketch of it shows.

Ranks are computed over prime fields, without a tolerance: there they are never above the rank over the rationals.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64
from numpy import ndarray
from numpy.typing import NDArray

from service.facts import Ints
from service.laboratory.rank.tensor import first_of_equals

EXACT_CELLS = 2**15
"""Up to this many cells, what peeling leaves of a matrix is eliminated over as many primes as certainty takes."""
SKETCH_WIDTH = 1024
SLACK = 16
"""A sketch whose rank comes this close to its width may hide more."""
TAPS = 6
"""Rows of the sketch to which each row of the matrix is added; the same for columns."""
PEELINGS = 200


class Rank(NamedTuple):
    """least <= rank <= most, for certain. saturated: a sketch was too narrow to see all of the rank; where it was not,
    the rank is `least`, unless the sketch had bad luck.
    """

    least: int
    most: int
    saturated: bool = False

    @property
    def exact(self) -> bool:
        return self.least == self.most


def compute_rank(rows: Int64[ndarray, " n"], columns: Int64[ndarray, " n"], *, seed: int = 0) -> Rank:
    """Bound the rank of the matrix that has ones at (rows, columns), each place once."""
    peeled, rows, columns = _peel(rows, columns)
    height, breadth = (int(index.max(initial=-1)) + 1 for index in (rows, columns))
    most = peeled + min(height, breadth)
    if height * breadth <= EXACT_CELLS:
        exact = peeled + _exact_rank(_dense(rows, columns))
        return Rank(exact, exact)
    seen = rank_over_field(sketch(rows, columns, min(SKETCH_WIDTH, min(height, breadth) + SLACK), seed))
    return Rank(peeled + seen, most, saturated=seen < most - peeled and seen > SKETCH_WIDTH - SLACK)


def sketch(
    rows: Int64[ndarray, " n"], columns: Int64[ndarray, " n"], width: int, seed: int
) -> Int64[ndarray, "width width"]:
    """P M Q over a prime field for random P and Q with TAPS entries for each row and column of M
    (the range finder of Halko, Martinsson and Tropp, arXiv 0909.4061, without its tolerance). Its rank is never above
    that of M.
    """
    rng, prime = np.random.default_rng(seed), LARGEST_PRIME
    left, right = (_draw_taps(int(index.max()) + 1, width, rng, prime) for index in (rows, columns))
    total = np.zeros(width * width)
    for place_left, factor_left in left:
        for place_right, factor_right in right:
            place = place_left[rows] * width + place_right[columns]
            total += np.bincount(place, factor_left[rows] * factor_right[columns] % prime, minlength=width * width)
    return np.mod(total, prime).astype(np.int64).reshape(width, width)


def _draw_taps(size: int, width: int, rng: np.random.Generator, prime: int) -> list[tuple[Ints, Ints]]:
    return [(rng.integers(0, width, size), rng.integers(1, prime, size)) for _ in range(TAPS)]


def _exact_rank(matrix: Int64[ndarray, "m n"]) -> int:
    """The exact rank. No minor exceeds the product of the lengths of the rows (Hadamard), so it cannot be a multiple of
    primes whose product does: over one of them the rank is what it is over the rationals.
    """
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    bits = 0.5 * np.log2(np.maximum((short * short).sum(axis=1), 1)).sum()
    rank = 0
    for prime in primes():
        rank = max(rank, rank_over_field(short, prime))
        bits -= np.log2(prime)
        if bits < 0 or rank == len(short):
            break
    return rank


def _dense(rows: Int64[ndarray, " n"], columns: Int64[ndarray, " n"]) -> Int64[ndarray, "height breadth"]:
    matrix = np.zeros((int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1), dtype=np.int64)
    matrix[rows, columns] = 1
    return matrix


def _peel(rows: Ints, columns: Ints) -> tuple[int, Ints, Ints]:
    """The number of pivots that need no elimination, and the matrix without them: a column with a single one removes
    its row, a row with a single one its column, and of equal rows or columns one is kept.
    """
    peeled, size = 0, len(rows) + 1
    for _ in range(PEELINGS):
        if len(rows) == size:
            break
        size = len(rows)
        for _side in range(2):
            rows, columns = _drop_repeated(rows, columns)
            alone = np.bincount(columns)[columns] == 1 if size else np.zeros(0, dtype=bool)
            pivots = np.unique(rows[alone])
            peeled += len(pivots)
            stay = ~np.isin(rows, pivots)
            columns, rows = rows[stay], columns[stay]
    return peeled, *_drop_repeated(rows, columns)


def _drop_repeated(rows: Ints, columns: Ints) -> tuple[Ints, Ints]:
    """The matrix without repeated rows, renumbered."""
    rows, columns = _renumber(rows), _renumber(columns)
    keep = first_of_equals(rows, columns)[rows]
    return _renumber(rows[keep]), _renumber(columns[keep])


def _renumber(index: Ints) -> Ints:
    return np.unique(index, return_inverse=True)[1].astype(np.int64)


PANEL = 64
LARGEST_PRIME = 8_388_593
"""The largest below 2^23: PANEL products of two residues add up to less than 2^53, so that float64 is exact."""

Floats = NDArray[np.float64]


def rank_over_field(matrix: Int64[ndarray, "m n"], prime: int = LARGEST_PRIME) -> int:
    """Gaussian elimination in panels of columns: the panel by rows, the rest by one matrix product."""
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
