"""The rank of a large sparse matrix of zeros and ones: what is certain, and what a random sketch of it shows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.facts import Ints
from service.laboratory.rank.modular import LARGEST_PRIME, primes, rank_over_field
from service.laboratory.rank.tensor import first_of_equals

EXACT_CELLS = 2**15
"""Up to this many cells, what is left of a matrix after peeling is eliminated over as many primes as certainty asks."""
SKETCH_WIDTH = 1024
SLACK = 16
"""A sketch whose rank comes this close to its width may have hidden some."""
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


def rank_of(rows: Ints, columns: Ints, *, seed: int = 0) -> Rank:
    """The rank of the matrix that has ones at (rows, columns), each place once."""
    peeled, rows, columns = _peel(rows, columns)
    height, breadth = (int(index.max(initial=-1)) + 1 for index in (rows, columns))
    most = peeled + min(height, breadth)
    if height * breadth <= EXACT_CELLS:
        exact = peeled + _certain(_dense(rows, columns))
        return Rank(exact, exact)
    seen = rank_over_field(sketch(rows, columns, min(SKETCH_WIDTH, min(height, breadth) + SLACK), seed))
    return Rank(peeled + seen, most, saturated=seen < most - peeled and seen > SKETCH_WIDTH - SLACK)


def sketch(rows: Ints, columns: Ints, width: int, seed: int) -> Ints:
    """P M Q over a prime field, (width, width), for random P and Q with TAPS entries for each row and column of M
    (the range finder of Halko, Martinsson and Tropp, arXiv 0909.4061, without its tolerance). Its rank is never above
    that of M.
    """
    rng, prime = np.random.default_rng(seed), LARGEST_PRIME
    left, right = (_taps(int(index.max()) + 1, width, rng, prime) for index in (rows, columns))
    total = np.zeros(width * width)
    for place_left, factor_left in left:
        for place_right, factor_right in right:
            place = place_left[rows] * width + place_right[columns]
            total += np.bincount(place, factor_left[rows] * factor_right[columns] % prime, minlength=width * width)
    return np.mod(total, prime).astype(np.int64).reshape(width, width)


def _taps(size: int, width: int, rng: np.random.Generator, prime: int) -> list[tuple[Ints, Ints]]:
    return [(rng.integers(0, width, size), rng.integers(1, prime, size)) for _ in range(TAPS)]


def _certain(matrix: NDArray[np.int64]) -> int:
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


def _dense(rows: Ints, columns: Ints) -> NDArray[np.int64]:
    matrix = np.zeros((int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1), dtype=np.int64)
    matrix[rows, columns] = 1
    return matrix


def _peel(rows: Ints, columns: Ints) -> tuple[int, Ints, Ints]:
    """Pivots that cost nothing, and the matrix without them: a column with a single one takes its row away, a row with
    a single one its column; of equal rows or columns one is kept.
    """
    peeled, size = 0, len(rows) + 1
    for _ in range(PEELINGS):
        if len(rows) == size:
            break
        size = len(rows)
        for _side in range(2):
            rows, columns = _distinct(rows, columns)
            alone = np.bincount(columns)[columns] == 1 if size else np.zeros(0, dtype=bool)
            pivots = np.unique(rows[alone])
            peeled += len(pivots)
            stay = ~np.isin(rows, pivots)
            columns, rows = rows[stay], columns[stay]
    return peeled, *_distinct(rows, columns)


def _distinct(rows: Ints, columns: Ints) -> tuple[Ints, Ints]:
    """Without repeated rows, and numbered anew."""
    rows, columns = _anew(rows), _anew(columns)
    keep = first_of_equals(rows, columns)[rows]
    return _anew(rows[keep]), _anew(columns[keep])


def _anew(index: Ints) -> Ints:
    return np.unique(index, return_inverse=True)[1].astype(np.int64)
