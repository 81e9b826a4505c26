"""What networks answer, exhaustively: every fact, from given weights."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import functional_call

from service.memory.gradient.network import Networks
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
def outputs(
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
    return forward(networks, weights, sequences, without_layer)


def forward(
    networks: Networks, weights: dict[str, Tensor], sequences: Tensor, without_layer: int | None = None
) -> Tensor:
    """The networks with these weights in the place of their own: (b, n, outputs)."""
    named = {f"weights.{name}": weight for name, weight in weights.items()}
    y: Tensor = functional_call(networks, named, (sequences, without_layer))
    return y


def evaluated(networks: Networks, stacked: StackedProblems, y: Tensor) -> Evaluation:
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
        relation_only = _of_relation(stacked, y.argmax(dim=2)) & ~right & present
    return Evaluation(right, relation_only, margin.masked_fill(~present, torch.inf).amin(dim=1))


def _of_relation(stacked: StackedProblems, answers: Tensor) -> Tensor:
    """Whether each answer is one that its fact's relation has."""
    known = []
    for at, (problem, seen) in enumerate(zip(stacked.problems, stacked.seen, strict=True)):
        relation = (stacked.index[at, :, 1] - problem.n_subjects).clamp(min=0)  # padding has none
        known.append(seen[relation, answers[at]])
    return torch.stack(known)
