"""What one trained network answers to every fact of a problem."""

from typing import TypedDict, Unpack

import numpy as np
import torch
from numpy.typing import NDArray

from service.memory.gradient.evaluation import evaluated, outputs
from service.memory.gradient.network import Networks
from service.memory.gradient.problem import Problem, Weights
from service.memory.gradient.shape import Shape
from service.memory.gradient.stacked import StackedProblems


class Options(TypedDict, total=False):
    """noise_draw: draws of noise are told apart by their numbers. without_layer: leave out what this layer adds, in the
    residual form. weight_bits: weights as they would be stored.
    """

    noise_draw: int
    without_layer: int | None
    weight_bits: int | None


def predict(shape: Shape, problem: Problem, weights: Weights, **options: Unpack[Options]) -> NDArray[np.float32]:
    """Outputs for every fact, (n, outputs): signs are the code's bits, or the largest is the answer."""
    networks, stacked = _one(shape, problem, weights)
    return outputs(networks, stacked, **options)[0].numpy()


def right(shape: Shape, problem: Problem, weights: Weights, **options: Unpack[Options]) -> NDArray[np.bool_]:
    """Whether each fact comes back, (n,)."""
    networks, stacked = _one(shape, problem, weights)
    return evaluated(networks, stacked, outputs(networks, stacked, **options)).right[0].numpy()


def _one(shape: Shape, problem: Problem, weights: Weights) -> tuple[Networks, StackedProblems]:
    """A network among others may have vectors of names that its own problem does not: they are cut off."""
    tensors = {name: torch.from_numpy(weight)[None] for name, weight in weights.items()}
    networks = Networks(shape, tensors).requires_grad_(requires_grad=False)
    return networks, StackedProblems(shape, [problem], "cpu")
