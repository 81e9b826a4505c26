"""The tensor of an attention layer: L[s, r, a] is its output for answer a when it is queried (s, r), taught or not.

With answers' vectors w_a and what head h makes of a name, u_h, L[s, r, a] is the sum over heads of
A_h[s, r] u_h(s) . w_a + B_h[s, r] u_h(r) . w_a + C_h[s, r] u_h(end) . w_a, where A, B and C are its attention on
subject, relation and end. Hence the unfolding by answers has rank at most heads x d_head_vo, and at most d_model,
whatever the attention. The shape does not bound the other two: the softmax of a low rank can have any rank.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from service.memory.gradient import Problem, Shape, Weights, predict

TOLERANCE = 1e-5
"""Singular values below this share of the largest are rounding: outputs are float32."""
CONFIDENT = 0.5
"""The thresholded softmax keeps answers of at least this probability: at most one, two at a tie."""


class LayerRanks(NamedTuple):
    """Ranks by subjects, relations and answers of the outputs, their softmax, the softmax from CONFIDENT on (smaller
    ones are zero), and the largest output alone (argmax).
    """

    outputs: tuple[int, int, int]
    softmax: tuple[int, int, int]
    threshold: tuple[int, int, int]
    argmax: tuple[int, int, int]


def rank_bound(shape: Shape) -> int:
    """The largest rank the shape allows by answers: min(heads x d_head_vo, d_model, answers)."""
    return min(shape.attention_width, shape.d_model, shape.outputs)


def layer_tensor(shape: Shape, problem: Problem, weights: Weights) -> Float64[ndarray, "subjects relations answers"]:
    """L of every subject with every relation."""
    s, r = (side.ravel() for side in np.indices((problem.n_subjects, problem.n_relations)))
    every = Problem(s, r, np.zeros(s.size, dtype=np.int64), problem.n_subjects, problem.n_relations, problem.seed)
    outputs = predict(shape, every, weights).astype(np.float64)
    return outputs.reshape(problem.n_subjects, problem.n_relations, shape.outputs)


def layer_ranks(L: Float64[ndarray, "subjects relations answers"]) -> LayerRanks:
    """The numerical ranks of L, and of what a read-out makes of it."""
    shares = np.exp(L - L.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    largest = np.zeros_like(L)
    np.put_along_axis(largest, L.argmax(axis=2)[..., None], 1.0, axis=2)
    kept = np.where(shares >= CONFIDENT, shares, 0.0)
    return LayerRanks(*(_unfolding_ranks(stage) for stage in (L, shares, kept, largest)))


def _unfolding_ranks(full: Float64[ndarray, "subjects relations answers"]) -> tuple[int, int, int]:
    s, r, a = (_rank(np.moveaxis(full, mode, 0).reshape(full.shape[mode], -1)) for mode in range(3))
    return s, r, a


def _rank(matrix: Float64[ndarray, "rows columns"]) -> int:
    values = np.linalg.svd(matrix, compute_uv=False)
    return int((values > TOLERANCE * values[0]).sum())
