"""The read-out of a block in closed form: the outer-product associative memory with its optimal weights.

    ridge            of the signed code bits on the features: `fast` at eight and four bits a weight
    widest margins   by ADMM from the same factor: rows hold more facts than they have weights (Boyd et al.,
                     *Distributed Optimization and Statistical Learning via ADMM*, 2011, section 5 and 3.4.3): `compact`
                     at eight bits. Fewer are searched for instead (perceptron.py)

Batches of blocks of one shape: features F and signs Y, padded with rows of zeros, and weights W. Gram matrices of
integer features are exact; everything else is float64 with a fixed number of steps, so that rounding to eight or four
bits gives the same weights whatever the order of facts, threads or kernels.
"""

import torch
from jaxtyping import Float32, Float64
from torch import Tensor

from service.memory.recipe import Resolved

RELAXATION = 1.7


def solve(
    F: Float32[Tensor, "b n rows"], Y: Float32[Tensor, "b n bits"], recipe: Resolved
) -> Float64[Tensor, "b rows bits"]:
    """Weights W with Y * (F W) as far above zero as the recipe's method brings them."""
    if recipe.admm_steps:
        return widest_margins(F, Y, recipe.ridge, recipe.admm_steps)
    return ridge(F, Y, recipe.ridge)


def ridge(
    F: Float32[Tensor, "b n rows"], Y: Float32[Tensor, "b n bits"], strength: float
) -> Float64[Tensor, "b rows bits"]:
    """W = F' (F F' + lambda)^-1 Y: the dual form, since a block has fewer facts than rows."""
    K = (F @ F.mT).double()
    factor = torch.linalg.cholesky(_add_to_diagonal(K, strength * mean_square(F)))
    return F.mT.double() @ torch.cholesky_solve(Y.double(), factor)


def widest_margins(
    F: Float32[Tensor, "b n rows"], Y: Float32[Tensor, "b n bits"], strength: float, steps: int
) -> Float64[Tensor, "b rows bits"]:
    """Find, by ADMM, outputs T with Y * T >= 1 that the features can reach, and the weights that reach them."""
    Y = Y.double()
    P = torch.cholesky_solve(F.mT.double(), torch.linalg.cholesky(gram(F, strength)))  # (b, rows, n)
    H = F.double() @ P  # (b, n, n): outputs of the ridge solution for given targets
    T, U = Y.clone(), torch.zeros_like(Y)
    for _ in range(steps):
        v = RELAXATION * (H @ (T - U)) - (RELAXATION - 1) * T + U
        T = Y * torch.clamp(Y * v, min=1.0)
        U = v - T
    return P @ (T - U)


def gram(F: Float32[Tensor, "b n rows"], strength: float) -> Float64[Tensor, "b rows rows"]:
    """F' F + lambda; the products themselves are exact integers."""
    return _add_to_diagonal((F.mT @ F).double(), strength * mean_square(F))


def mean_square(F: Float32[Tensor, "b n rows"]) -> Float64[Tensor, " b"]:
    """The mean squared length of each block's feature vectors, to which strengths are relative; 1 in an empty block."""
    facts = (F != 0).any(dim=2).sum(dim=1).clamp(min=1)
    return ((F * F).double().sum(dim=(1, 2)) / facts).clamp(min=1)


def _add_to_diagonal(K: Float64[Tensor, "b k k"], strength: Float64[Tensor, " b"]) -> Float64[Tensor, "b k k"]:
    K.diagonal(dim1=1, dim2=2).add_(strength[:, None])
    return K
