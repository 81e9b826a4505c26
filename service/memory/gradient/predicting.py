"""What one trained network answers to every fact of a problem."""

import numpy as np
import torch
from numpy.typing import NDArray

from service.memory.gradient.judging import judged, outputs
from service.memory.gradient.lessons import Lessons
from service.memory.gradient.network import Networks
from service.memory.gradient.problem import Problem, Weights
from service.memory.gradient.shape import Shape


def predict(
    shape: Shape,
    problem: Problem,
    weights: Weights,
    *,
    noise_draw: int = 0,
    without_layer: int | None = None,
    weight_bits: int | None = None,
) -> NDArray[np.float32]:
    """Outputs for every fact, (n, outputs): signs are the code's bits, or the largest is the answer. Draws of noise are
    told apart by their numbers; `without_layer` leaves out what a layer adds (residual form).
    """
    networks, lessons = _one(shape, problem, weights)
    y = outputs(networks, lessons, weight_bits=weight_bits, noise_draw=noise_draw, without_layer=without_layer)
    return y[0].numpy()


def right(
    shape: Shape,
    problem: Problem,
    weights: Weights,
    *,
    noise_draw: int = 0,
    without_layer: int | None = None,
    weight_bits: int | None = None,
) -> NDArray[np.bool_]:
    """Whether each fact comes back, (n,)."""
    networks, lessons = _one(shape, problem, weights)
    y = outputs(networks, lessons, weight_bits=weight_bits, noise_draw=noise_draw, without_layer=without_layer)
    return judged(networks, lessons, y).right[0].numpy()


def _one(shape: Shape, problem: Problem, weights: Weights) -> tuple[Networks, Lessons]:
    """A network among others may have vectors of names that its own problem does not: they are cut off."""
    tensors = {name: torch.from_numpy(weight)[None] for name, weight in weights.items()}
    networks = Networks(shape, tensors).requires_grad_(requires_grad=False)
    return networks, Lessons(shape, [problem], "cpu")
