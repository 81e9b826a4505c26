"""Tensors whose rank over the real numbers is known, and the rules by which it is."""

import itertools

import numpy as np
from numpy.typing import NDArray

from service.laboratory.rank.tensor import Tensor

Ints = NDArray[np.int64]


def dense(tensor: Tensor) -> Ints:
    full = np.zeros(tensor.shape, dtype=np.int64)
    full[tuple(tensor.ones.T)] = 1
    return full


def sparse(full: Ints) -> Tensor:
    return Tensor.from_columns(*np.nonzero(full))


def matrix_multiplication(n: int) -> Tensor:
    """<n, n, n>: the pairs (i, j), (j, k) answer (i, k)."""
    places = [(i * n + j, j * n + k, i * n + k) for i, j, k in itertools.product(range(n), repeat=3)]
    return Tensor.from_columns(*np.array(places).T)


def cyclic_group(n: int) -> Tensor:
    """The table of addition modulo n."""
    s, r = (side.ravel() for side in np.indices((n, n)))
    return Tensor.from_columns(s, r, (s + r) % n)


def rank_of_two_by_two(full: Ints) -> int:
    """The exact rank of a (2, 2, n) tensor (de Silva and Lim 2008, table 7.1 and the corollaries on 2 x 2 x n).

    By its multilinear rank; where that is (2, 2, 2), by the sign of Cayley's hyperdeterminant of the slices that
    span it: 2 above zero, 3 below zero, and 3 at zero.
    """
    unfoldings = [np.moveaxis(full, mode, 0).reshape(full.shape[mode], -1) for mode in range(3)]
    ranks = [int(np.linalg.matrix_rank(unfolding)) for unfolding in unfoldings]
    if ranks != [2, 2, 2]:
        return max(ranks)
    spanning = unfoldings[2][_independent_rows(unfoldings[2])].reshape(2, 2, 2)
    return 2 if _hyperdeterminant(spanning) > 0 else 3


def _independent_rows(matrix: Ints) -> list[int]:
    for pair in itertools.combinations(range(len(matrix)), 2):
        if np.linalg.matrix_rank(matrix[list(pair)]) == 2:
            return list(pair)
    raise AssertionError("the matrix has rank 2")


def _hyperdeterminant(full: Ints) -> int:
    """The discriminant of det(x A + y B), for the slices A and B of a (2, 2, 2) tensor."""
    (a, b), (c, d) = full[0].tolist()
    (e, f), (g, h) = full[1].tolist()
    mixed = a * h + e * d - b * g - f * c
    return int(mixed**2 - 4 * (a * d - b * c) * (e * h - f * g))
