"""Ranks of large sparse matrices."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.laboratory.rank.bounds import bound_rank
from service.laboratory.rank.tensor import Tensor
from service.laboratory.rank.unfolding import LARGEST_PRIME, compute_rank, primes, rank_over_field, sketch

matrices = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 1))
)


def exact_rank(matrix: np.ndarray) -> int:
    """Elimination in fractions."""
    rows, rank = [[Fraction(cell) for cell in row] for row in matrix.tolist()], 0
    for column in range(matrix.shape[1]):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows = [[c - row[column] / pivot[column] * p for c, p in zip(row, pivot, strict=True)] for row in rows]
        rank += 1
    return rank


@given(matrices)
def test_the_rank_over_the_rationals(matrix: np.ndarray) -> None:
    """Peeling and elimination over enough primes find the exact rank."""
    found = compute_rank(*np.nonzero(matrix))
    assert found.exact
    assert found.least == exact_rank(matrix)


@given(matrices, st.sampled_from([2, 3, 5, LARGEST_PRIME]))
def test_a_prime_field_never_shows_more(matrix: np.ndarray, prime: int) -> None:
    """The rank over a prime field is at most the rank; a small prime may hide some."""
    assert rank_over_field(matrix, prime) <= exact_rank(matrix)


def test_a_prime_that_hides_rank() -> None:
    """Two odd rows whose determinant is 2: over the field of two elements they are one."""
    matrix = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]])
    assert (rank_over_field(matrix, 2), rank_over_field(matrix, 3)) == (2, 3)


@given(st.integers(1, 90), st.integers(0, 2**32 - 1))
def test_elimination_beyond_one_panel(rank: int, seed: int) -> None:
    """A product of (100, rank) and (rank, 140) matrices has that rank over a large field."""
    rng = np.random.default_rng(seed)
    left, right = (rng.integers(0, 1000, shape) for shape in ((100, rank), (rank, 140)))
    assert rank_over_field(left @ right) == rank


def test_primes() -> None:
    """They are primes, the largest that the arithmetic allows come first."""
    assert primes()[0] == LARGEST_PRIME
    assert all(all(prime % factor for factor in range(2, int(prime**0.5) + 1)) for prime in primes()[:20])


@given(st.integers(20, 120), st.integers(8, 60), st.integers(0, 2**32 - 1))
def test_a_sketch_is_a_lower_bound(size: int, width: int, seed: int) -> None:
    """Whatever its width, a sketch never shows more rank than there is."""
    rng = np.random.default_rng(seed)
    matrix = (rng.random((size, 90)) < 0.05).astype(np.int64)
    matrix[0, 0] = 1
    rows, columns = np.nonzero(matrix)
    assert rank_over_field(sketch(rows, columns, width, seed)) <= np.linalg.matrix_rank(matrix)


def test_sketches_of_a_table_of_known_rank() -> None:
    """Twenty relations over the same thirty answers, 2,000 subjects: 20 x 29 + 1 by subjects, seen by every seed."""
    rng = np.random.default_rng(0)
    s, r = (side.ravel() for side in np.indices((2000, 20)))
    rows, columns = Tensor.from_columns(s, r, rng.integers(0, 30, s.size)).unfolding(0)
    assert {compute_rank(rows, columns, seed=seed)[::2] for seed in range(3)} == {(581, False)}


def test_a_sketch_that_is_too_narrow_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays a lower bound, below what is certain from above, and is marked as saturated."""
    rng = np.random.default_rng(0)
    s, r = (side.ravel() for side in np.indices((2000, 20)))
    monkeypatch.setattr("service.laboratory.rank.unfolding.SKETCH_WIDTH", 128)
    found = compute_rank(*Tensor.from_columns(s, r, rng.integers(0, 30, s.size)).unfolding(0))
    assert found.saturated
    assert found.least <= 581 <= found.most


def test_a_large_table() -> None:
    """Thirty thousand facts in a moment: the rank with base answers is met from below, so it is exact."""
    rng = np.random.default_rng(0)
    s, r = (side.ravel() for side in np.indices((3000, 10)))
    found = bound_rank(Tensor.from_columns(s, r, rng.integers(0, 40, s.size)))
    assert found.least == found.most == found.constructions["base_answers"] == 391
