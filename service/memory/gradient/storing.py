"""Weights of trained blocks as they are stored: one row of steps below the other, and the scales of their units."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from service.memory.bank import Block, Layout
from service.memory.gradient import Shape, Weights
from service.memory.gradient.sizes import allowed_shapes
from service.memory.gradient.weights import round_to_steps, weight_shapes
from service.memory.recipe import Group, Resolved

BITS = 8


def store_block(shape: Shape, weights: Weights) -> Block:
    """Store one network as a block: its weights one below the other in the shape's order, and a scale for each unit."""
    named = [round_to_steps(name, torch.from_numpy(weights[name]), BITS) for name in weight_shapes(shape)]
    steps = torch.cat([each.flatten() for each, _ in named]).to(torch.int8)
    scales = torch.cat([scale.flatten() for _, scale in named]).half()
    return Block(steps.numpy()[:, None], scales.numpy())


def read_weights(shape: Shape, blocks: Sequence[Block]) -> dict[str, Tensor]:
    """The inverse of `store_block` for blocks of one shape: weights by name, with an axis of blocks first."""
    steps = torch.from_numpy(np.stack([block.steps[:, 0] for block in blocks])).float()
    scales = torch.from_numpy(np.stack([block.scales for block in blocks])).float()
    weights, at, unit = {}, 0, 0
    for name, size in weight_shapes(shape).items():
        count, units = torch.Size(size).numel(), _scale_shape(name, size)
        own = scales[:, unit : unit + units.numel()].view(-1, *units)
        weights[name] = steps[:, at : at + count].view(-1, *size) * own
        at, unit = at + count, unit + units.numel()
    return weights


def weight_layout(recipe: Resolved, group: Group) -> Layout:
    """A row is one weight; a block's shape, and with it the number of its scales, is known by their number."""
    scales = {shape.parameters: _count_scales(shape) for shape in allowed_shapes(recipe, group.code_bits)}
    return Layout(1, scales.__getitem__)


def shapes_by_parameters(shapes: Sequence[Shape]) -> Mapping[int, Shape]:
    return {shape.parameters: shape for shape in shapes}


def _count_scales(shape: Shape) -> int:
    return sum(_scale_shape(name, size).numel() for name, size in weight_shapes(shape).items())


def _scale_shape(name: str, size: tuple[int, ...]) -> torch.Size:
    """The shape of a weight's scales."""
    return round_to_steps(name, torch.zeros(size), BITS)[1].shape
