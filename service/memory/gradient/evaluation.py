"""What networks answer, exhaustively: every fact, from given weights."""

from typing import NamedTuple, TypedDict, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from service.memory.gradient.network import Networks
from service.memory.gradient.problem import Problem, Weights
from service.memory.gradient.shape import Shape
from service.memory.gradient.stacked import Noise, Purpose, StackedProblems
from service.memory.gradient.weights import as_stored


class Evaluation(NamedTuple):
    """Of each network: right and relation_only, (b, n) of booleans, False where it has fewer facts; least: the smallest
    margin, (b,). Of read-out `answers`, the margin is the distance from the best other answer.
    """

    right: Tensor
    relation_only: Tensor
    least: Tensor


@torch.no_grad()
def compute_outputs(
    networks: Networks,
    stacked: StackedProblems,
    *,
    weight_bits: int | None = None,
    noise_draw: int = 0,
    without_layer: int | None = None,
) -> Tensor:
    """What every network says of every fact, (b, n, outputs)."""
    weights = as_stored(dict(networks.weights), weight_bits)
    sequences = stacked.sequences(weights["tokens"], Noise(Purpose.NOISE_OF_EVALUATION, noise_draw))
    return run_networks(networks, weights, sequences, without_layer)


def run_networks(
    networks: Networks, weights: dict[str, Tensor], sequences: Tensor, without_layer: int | None = None
) -> Tensor:
    """The networks with these weights in the place of their own: (b, n, outputs)."""
    named = {f"weights.{name}": weight for name, weight in weights.items()}
    y: Tensor = functional_call(networks, named, (sequences, without_layer))
    return y


def evaluate(networks: Networks, stacked: StackedProblems, y: Tensor) -> Evaluation:
    """Compare outputs with targets."""
    present = stacked.present
    if networks.shape.readout == "codes":
        margin = (y * stacked.targets).masked_fill(stacked.targets == 0, torch.inf).amin(dim=2)
        right, relation_only = (margin > 0) & present, torch.zeros_like(present)
    else:
        own = y.gather(2, stacked.targets[..., None])
        others = y.scatter(2, stacked.targets[..., None], -torch.inf)
        margin = own[..., 0] - others.amax(dim=2)
        right = (margin > 0) & present
        relation_only = _is_of_relation(stacked, y.argmax(dim=2)) & ~right & present
    return Evaluation(right, relation_only, margin.masked_fill(~present, torch.inf).amin(dim=1))


def _is_of_relation(stacked: StackedProblems, answers: Tensor) -> Tensor:
    """Whether each answer is one that its fact's relation has."""
    known = []
    for at, (problem, seen) in enumerate(zip(stacked.problems, stacked.seen, strict=True)):
        relation = (stacked.index[at, :, 1] - problem.n_subjects).clamp(min=0)  # padding has none
        known.append(seen[relation, answers[at]])
    return torch.stack(known)


class Options(TypedDict, total=False):
    """noise_draw: draws of noise are told apart by their numbers. without_layer: leave out what this layer adds, in the
    residual form. weight_bits: weights as they would be stored.
    """

    noise_draw: int
    without_layer: int | None
    weight_bits: int | None


def predict(shape: Shape, problem: Problem, weights: Weights, **options: Unpack[Options]) -> NDArray[np.float32]:
    """Outputs for every fact, (n, outputs): signs are the code's bits, or the largest is the answer."""
    networks, stacked = _stack_one(shape, problem, weights)
    return compute_outputs(networks, stacked, **options)[0].numpy()


def facts_right(shape: Shape, problem: Problem, weights: Weights, **options: Unpack[Options]) -> NDArray[np.bool_]:
    """Whether each fact comes back, (n,)."""
    networks, stacked = _stack_one(shape, problem, weights)
    return evaluate(networks, stacked, compute_outputs(networks, stacked, **options)).right[0].numpy()


def _stack_one(shape: Shape, problem: Problem, weights: Weights) -> tuple[Networks, StackedProblems]:
    """A network among others may have vectors of names that its own problem does not: they are cut off."""
    tensors = {name: torch.from_numpy(weight)[None] for name, weight in weights.items()}
    networks = Networks(shape, tensors).requires_grad_(requires_grad=False)
    return networks, StackedProblems(shape, [problem], "cpu")
