"""Optimisers for many networks at once, each with a learning rate of its own.

Muon (Jordan et al., *Muon: an optimizer for hidden layers in neural networks*, 2024) moves a matrix by the nearest
orthogonal matrix to its averaged gradient, found by five Newton-Schulz steps; vectors, and everything where `adamw` is
asked for, go by AdamW (Loshchilov and Hutter, arXiv 1711.05101). PyTorch's own take one rate and no stacked matrices.
"""

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float, Int64
from torch import Tensor

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_MOMENTUM = 0.95
_BETAS = (0.9, 0.99)
_VECTOR_RATE = 0.3  # of Muon's rate: what vectors and embeddings move by beside it
_ELEMENTWISE = ("q", "b1", "tokens", "answers")
_WARM_UP = 20

State = dict[str, Tensor]


class Optimiser:
    """rates: the largest rate of each network, reached after 20 steps; it falls to 0 at the last of `steps`."""

    def __init__(self, kind: str, rates: Float[Tensor, " b"], steps: int, decay: float) -> None:
        self._muon = kind == "muon"
        self._rates = rates
        self._steps = steps
        self._decay = decay
        self.state: State = {}

    @torch.no_grad()
    def step(self, weights: Mapping[str, Tensor], gradients: Mapping[str, Tensor], step: int) -> None:
        """Update the weights in place; networks whose gradients are not finite must have been taken out before."""
        rates = self._rates * min(1.0, (step + 1) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / self._steps))
        for name, weight in weights.items():
            rate = rates.view(-1, *[1] * (weight.dim() - 1))
            if self._decay:
                weight.mul_(1 - rate * self._decay)
            if self._muon and name.split("_", maxsplit=1)[0] not in _ELEMENTWISE:
                weight.sub_(rate * self._orthogonal(name, gradients[name]))
            else:
                share = _VECTOR_RATE if self._muon else 1.0
                weight.sub_(rate * share * self._adam(name, gradients[name], step + 1))

    def keep(self, networks: Int64[Tensor, " kept"]) -> None:
        """Keep only these networks."""
        self._rates = self._rates[networks]
        self.state = {name: moment[networks] for name, moment in self.state.items()}

    def _moment(self, name: str, like: Float[Tensor, "*size"]) -> Float[Tensor, "*size"]:
        return self.state.setdefault(name, torch.zeros_like(like))

    def _orthogonal(self, name: str, gradient: Float[Tensor, "b *stack r c"]) -> Float[Tensor, "b *stack r c"]:
        momentum = self._moment(f"{name} momentum", gradient).mul_(_MOMENTUM).add_(gradient)
        rows, columns = gradient.shape[-2:]
        return orthogonalise(gradient + _MOMENTUM * momentum) * math.sqrt(max(1.0, rows / columns))

    def _adam(self, name: str, gradient: Float[Tensor, "*size"], step: int) -> Float[Tensor, "*size"]:
        first, second = _BETAS
        mean = self._moment(f"{name} mean", gradient).mul_(first).add_(gradient, alpha=1 - first)
        square = self._moment(f"{name} square", gradient).mul_(second).addcmul_(gradient, gradient, value=1 - second)
        return (mean / (1 - math.pow(first, step))) / ((square / (1 - math.pow(second, step))).sqrt() + 1e-10)


def orthogonalise(matrices: Float[Tensor, "*stack r c"]) -> Float[Tensor, "*stack r c"]:
    """The matrices with their singular values brought near one, by five Newton-Schulz steps."""
    a, b, c = _NEWTON_SCHULZ
    tall = matrices.shape[-2] > matrices.shape[-1]
    x: Tensor = matrices.mT if tall else matrices
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x
