"""Evaluation: what networks answer to every one of their facts, from given weights."""

from typing import NamedTuple, TypedDict, Unpack

import torch
from jaxtyping import Bool, Float, Float32, Int64
from numpy import ndarray
from torch import Tensor

from service.memory.gradient.network import Networks
from service.memory.gradient.problem import Problem, Weights
from service.memory.gradient.shape import Shape
from service.memory.gradient.stacked import Noise, Purpose, StackedProblems
from service.memory.gradient.weights import as_stored


class Evaluation(NamedTuple):
    """right: which facts come back; relation_only: which are answered by another answer of their own relation; both
    False beyond a network's own facts. least: the smallest margin of each network; with the read-out `answers`, a
    margin is the distance from the best other answer.
    """

    right: Bool[Tensor, "b n"]
    relation_only: Bool[Tensor, "b n"]
    least: Float[Tensor, " b"]


@torch.no_grad()
def compute_outputs(
    networks: Networks,
    stacked: StackedProblems,
    *,
    weight_bits: int | None = None,
    noise_draw: int = 0,
    without_layer: int | None = None,
) -> Float[Tensor, "b n outputs"]:
    """Run every network on every one of its facts."""
    weights = as_stored(dict(networks.weights), weight_bits)
    sequences = stacked.sequences(weights["tokens"], Noise(Purpose.NOISE_OF_EVALUATION, noise_draw))
    return run_networks(networks, weights, sequences, without_layer)


def run_networks(
    networks: Networks,
    weights: dict[str, Tensor],
    sequences: Float[Tensor, "b n t d"],
    without_layer: int | None = None,
) -> Float[Tensor, "b n outputs"]:
    """Run the networks with these weights instead of their own."""
    y: Tensor = networks(sequences, without_layer, weights)
    return y


def evaluate(networks: Networks, stacked: StackedProblems, y: Float[Tensor, "b n outputs"]) -> Evaluation:
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


def _is_of_relation(stacked: StackedProblems, answers: Int64[Tensor, "b n"]) -> Bool[Tensor, "b n"]:
    """Whether each answer is one that its fact's relation has."""
    known = []
    for at, (problem, seen) in enumerate(zip(stacked.problems, stacked.seen, strict=True)):
        relation = (stacked.index[at, :, 1] - problem.n_subjects).clamp(min=0)  # padding has none
        known.append(seen[relation, answers[at]])
    return torch.stack(known)


class Options(TypedDict, total=False):
    """noise_draw: the number of the draw of noise. without_layer: leave out what this layer adds, in the residual form.
    weight_bits: take the weights as they would be stored at so many bits.
    """

    noise_draw: int
    without_layer: int | None
    weight_bits: int | None


def predict(
    shape: Shape, problem: Problem, weights: Weights, **options: Unpack[Options]
) -> Float32[ndarray, "n outputs"]:
    """The outputs of one network for every fact: their signs are the code's bits, or the largest is the answer."""
    networks, stacked = _stack_one(shape, problem, weights)
    return compute_outputs(networks, stacked, **options)[0].numpy()


def facts_right(shape: Shape, problem: Problem, weights: Weights, **options: Unpack[Options]) -> Bool[ndarray, " n"]:
    """Which facts one network answers right."""
    networks, stacked = _stack_one(shape, problem, weights)
    return evaluate(networks, stacked, compute_outputs(networks, stacked, **options)).right[0].numpy()


def _stack_one(shape: Shape, problem: Problem, weights: Weights) -> tuple[Networks, StackedProblems]:
    """One network and its problem as a stack of one."""
    tensors = {name: torch.from_numpy(weight)[None] for name, weight in weights.items()}
    networks = Networks(shape, tensors).requires_grad_(requires_grad=False)
    return networks, StackedProblems(shape, [problem], "cpu")
