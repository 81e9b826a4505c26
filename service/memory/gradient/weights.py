"""First weights, and weights as they are stored: whole steps and one float16 scale for each unit of a layer."""

import math

import torch
from jaxtyping import Float32
from torch import Tensor

from service.memory.gradient.shape import Shape

FIXED = ("tokens", "answers")
"""The vectors of names and answers: random, and trained only where the shape says so."""

_BY_COLUMN = ("W", "O", "W2")
"""Matrices whose units are columns; of all others they are rows."""


def weight_shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """The size of every trained weight of one network, by name, but for the vectors of names and answers."""
    d, heads, m, width = shape.d_model, shape.heads, shape.mlp_width, shape.attention_width
    if not shape.residual:
        mlp = {"W1": (m, width), "b1": (m,)} if m else {}
        own = {"q": (heads, shape.d_head_qk), "K": (heads, shape.d_head_qk, d), "V": (width, d)}
        return {**own, **mlp, "W": (width + m, shape.outputs)}
    layers: dict[str, tuple[int, ...]] = {}
    for at in range(shape.layers):
        if heads:
            keys = {f"Q_{at}": (heads * shape.d_head_qk, d), f"K_{at}": (heads * shape.d_head_qk, d)}
            layers |= keys | {f"V_{at}": (width, d), f"O_{at}": (width, d)}
        if m:
            layers |= {f"W1_{at}": (m, d), f"b1_{at}": (m,), f"W2_{at}": (m, d)}
    return layers if shape.readout == "answers" else layers | {"W": (d, shape.outputs)}


def draw_weights(shape: Shape, seed: int) -> dict[str, Tensor]:
    """First weights of one network, by its seed alone: normal, of variance one over the inputs; biases are zero."""
    generator = torch.Generator().manual_seed(seed)
    return {name: _draw_weight(name, size, generator) for name, size in weight_shapes(shape).items()}


def _draw_weight(name: str, size: tuple[int, ...], generator: torch.Generator) -> Float32[Tensor, "..."]:
    if name.startswith("b1"):
        return torch.zeros(size)
    inputs = size[-2] if _by_column(name) else size[-1]
    scale = 1.0 if name == "q" else 1 / math.sqrt(size[-2] if name == "K" else inputs)
    return torch.randn(size, generator=generator) * scale


def round_to_steps(
    name: str, weight: Float32[Tensor, "*size"], weight_bits: int
) -> tuple[Float32[Tensor, "*size"], Float32[Tensor, "..."]]:
    """Round a weight of one network, or with a leading axis of several, to whole steps; and the scales by which the
    steps are multiplied (float16 values as float32).
    """
    most = (1 << (weight_bits - 1)) - 1
    largest = weight.abs().amax(dim=-2 if _by_column(name) else -1, keepdim=True)
    scale = (largest / most).clamp(min=2.0**-24).half().float()
    return torch.clamp(torch.round(weight / scale), -most, most), scale


def as_stored(weights: dict[str, Tensor], weight_bits: int | None) -> dict[str, Tensor]:
    """Weights as they come back from storage. Gradients pass through the rounding as if it were not there."""
    if weight_bits is None:
        return weights
    rounded = {}
    for name, weight in weights.items():
        if name in FIXED:
            rounded[name] = weight
        else:
            steps, scale = round_to_steps(name, weight.detach(), weight_bits)
            rounded[name] = weight + (steps * scale - weight.detach())
    return rounded


def _by_column(name: str) -> bool:
    return name.split("_", maxsplit=1)[0] in _BY_COLUMN
