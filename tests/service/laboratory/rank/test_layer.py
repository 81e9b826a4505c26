"""The tensor of an attention layer."""

import numpy as np
import pytest

from service.laboratory.rank.layer import layer_ranks, layer_tensor, rank_bound
from service.memory.gradient import Problem, Run, Schedule, Shape, facts_right, train
from service.memory.gradient.shape import Attention


@pytest.fixture(scope="module")
def problem() -> Problem:
    """Ten subjects, four relations, three answers to each of them."""
    s, r = (side.ravel() for side in np.indices((10, 4)))
    return Problem(s, r, r * 3 + np.random.default_rng(0).integers(0, 3, s.size), 10, 4)


@pytest.mark.parametrize("attention", ["softmax", "argmax", "threshold"])
def test_the_shape_bounds_the_outputs_by_answers(problem: Problem, attention: Attention) -> None:
    """Heads x d_head_vo bounds that unfolding for every kind of attention; a softmax of the outputs goes beyond it."""
    shape = Shape(16, 3, 1, 1, 0, 12, attention=attention, readout="answers")
    weights = train(shape, [Run(problem, 0, 0.05)], Schedule(steps=40))[0].weights
    L = layer_tensor(shape, problem, weights)
    ranks = layer_ranks(L)
    assert L.shape == (10, 4, 12)
    assert rank_bound(shape) == 3
    assert ranks.outputs[2] <= 3 < ranks.softmax[2]
    answers = L.argmax(axis=2)[problem.subjects, problem.relations]
    assert np.array_equal(answers == problem.targets, facts_right(shape, problem, weights))


def test_the_width_of_the_stream_bounds_it_too(problem: Problem) -> None:
    """Eight heads in a stream of width 4 have outputs of rank 4."""
    shape = Shape(4, 8, 1, 1, 0, 12, readout="answers")
    weights = train(shape, [Run(problem, 0, 0.05)], Schedule(steps=5))[0].weights
    assert layer_ranks(layer_tensor(shape, problem, weights)).outputs[2] == rank_bound(shape) == 4


def test_ranks_of_every_stage() -> None:
    """Points on a circle: outputs of rank 2 by answers whose largest entries are an identity of rank 8."""
    angles = np.arange(8) * np.pi / 4
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ranks = layer_ranks(20 * (circle @ circle.T)[:, None, :])
    assert (ranks.outputs, ranks.argmax) == ((2, 1, 2), (8, 1, 8))
    assert ranks.softmax[2] == ranks.threshold[2] == 8
