"""Weights as they are stored: steps of a grid of 2 to 8 bits, and a float16 scale a column.

Solved weights are rounded, at few bits with error feedback against the block's own Gram matrix (GPTQ: Frantar et al.,
arXiv 2210.17323) and then repaired: a weight at a time is moved by one step where that helps the facts whose margin is
short. The repair counts in integers, so that its choices do not depend on rounding.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float16, Float32, Float64, Int8
from torch import Tensor

from service.memory.closed_form.admm import gram
from service.memory.closed_form.grid import Grid
from service.memory.recipe import Resolved

CLIP = {2: 0.5, 3: 0.65, 4: 0.8, 5: 0.9}  # part of a column's largest weight that the largest step stands for; else all
REPAIR_STEPS = 48
MOST_SHORT = 127.0
REPAIR_TARGET = 0.4  # margins below this, in units of the training target, pull at the weights


@dataclass(frozen=True, slots=True)
class Rounding:
    """How solved weights become stored ones. ridge: the strength of the Gram matrix that errors are fed back against;
    floor: the margin, in units of the training target, that a fact is repaired to reach.
    """

    bits: int
    feedback: bool
    repair: bool
    ridge: float
    floor: float

    @classmethod
    def of(cls, recipe: Resolved) -> "Rounding":
        few = recipe.weight_bits < 8  # at eight, rounding costs nothing
        return cls(recipe.weight_bits, few, few, recipe.ridge, recipe.tau0)

    @property
    def grid(self) -> Grid:
        return Grid(self.bits)


def quantise(
    W: Float64[Tensor, "b rows bits"],
    F: Float32[Tensor, "b n rows"],
    Y: Float32[Tensor, "b n bits"],
    rounding: Rounding,
) -> tuple[Int8[Tensor, "b rows bits"], Float16[Tensor, "b bits"]]:
    """Round solved weights to steps of the grid, with a scale a column, and repair short margins where asked to."""
    grid = rounding.grid
    scales = _round_up_to_half(W.abs().amax(dim=1) * (CLIP.get(grid.bits, 1.0) / grid.most))
    if rounding.feedback:
        steps = _round_with_error_feedback(W, gram(F, rounding.ridge), scales.double(), grid)
    else:
        steps = grid.nearest(W / scales.double()[:, None])
    if rounding.repair:
        steps = _repair(steps.float(), scales, F, Y, rounding)
    return steps.to(torch.int8), scales


def margins(
    steps: Int8[Tensor, "b rows bits"],
    scales: Float16[Tensor, "b columns"],
    F: Float32[Tensor, "b n rows"],
    Y: Float32[Tensor, "b n bits"],
) -> Float32[Tensor, "b n"]:
    """The smallest margin Y * y of each fact, as it will be served; infinite for padding."""
    y = torch.bmm(F, steps.float()) * scales.float()[:, None]
    return torch.where(Y == 0, torch.inf, y * Y).amin(dim=2)


def _round_up_to_half(scales: Float64[Tensor, "b bits"]) -> Float16[Tensor, "b bits"]:
    """The next float16 that is not smaller (and not zero), so that clamping cuts nothing off at eight bits."""
    scales = scales.clamp(min=2.0**-24)
    half = scales.half()
    next_one = (half.view(torch.int16) + 1).view(torch.half)  # bit patterns of positive numbers count upwards
    return torch.where(half.double() < scales, next_one, half)


def _round_with_error_feedback(
    W: Float64[Tensor, "b rows bits"], G: Float64[Tensor, "b rows rows"], scales: Float64[Tensor, "b bits"], grid: Grid
) -> Float64[Tensor, "b rows bits"]:
    """Round row by row; what rounding loses is made up by the rows still to come."""
    factor = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(G)), upper=True)
    W, steps = W.clone(), torch.empty_like(W)
    for i in range(W.shape[1]):
        steps[:, i] = grid.nearest(W[:, i] / scales)
        lost = (W[:, i] - steps[:, i] * scales) / factor[:, i, i, None]
        W[:, i + 1 :] -= factor[:, i, i + 1 :, None] * lost[:, None]
    return steps


def _repair(
    steps: Float32[Tensor, "b rows bits"],
    scales: Float16[Tensor, "b bits"],
    F: Float32[Tensor, "b n rows"],
    Y: Float32[Tensor, "b n bits"],
    rounding: Rounding,
) -> Float32[Tensor, "b rows bits"]:
    """Descend on the squared shortfall in the columns that have a margin below the floor, one weight a step.

    Every number is an integer below 2^24, and a column stops when it is repaired: what becomes of it depends neither
    on rounding nor on the columns beside it.
    """
    smallest = torch.where(Y == 0, torch.inf, torch.bmm(F, steps) * Y).amin(dim=1) * scales.float()
    block, column = (smallest < rounding.floor).nonzero(as_tuple=True)
    if not len(block):
        return steps
    signed = F[block] * Y[block, :, column][..., None]
    weights, scale = steps[block, :, column], scales[block, column].double()
    present = (Y[block, :, column] != 0).float()
    target = torch.ceil(REPAIR_TARGET / scale).float()[:, None] * present
    floor = torch.ceil(rounding.floor / scale).float()[:, None] * present
    steps = steps.clone()
    steps[block, :, column] = _descend(weights, signed, target, floor, rounding.grid)
    return steps


def _descend(
    weights: Float32[Tensor, "k rows"],
    signed: Float32[Tensor, "k n rows"],
    target: Float32[Tensor, "k n"],
    floor: Float32[Tensor, "k n"],
    grid: Grid,
) -> Float32[Tensor, "k rows"]:
    """Move weights, a step at a time, so that the margins of k columns, signed @ weights, rise from floor to target."""
    margin = torch.bmm(signed, weights[..., None])[..., 0]
    squares = signed.square()
    order = torch.arange(weights.shape[1], device=weights.device, dtype=torch.float64)
    for _ in range(REPAIR_STEPS):
        weak = (margin < floor).any(dim=1, keepdim=True)
        if not weak.any():
            break
        short = torch.clamp(target - margin, min=0, max=MOST_SHORT)
        pull = torch.bmm(short[:, None], signed)[:, 0]  # half the slope of the squared shortfall
        way = torch.sign(pull) * grid.unit
        gain = 2 * pull.abs() - grid.unit * torch.bmm((short > 0).float()[:, None], squares)[:, 0]
        gain = torch.where(((weights + way).abs() > grid.most) | (way == 0), -1.0, gain)
        # Equal gains are told apart by the row's number: which maximum argmax returns is not specified.
        best = (gain.double() * len(order) - order).argmax(dim=1, keepdim=True)
        move = torch.where((gain.gather(1, best) > 0) & weak, way.gather(1, best), 0.0)
        weights = weights.scatter_add(1, best, move)
        margin += signed.gather(2, best[:, None].expand(-1, margin.shape[1], 1))[..., 0] * move
    return weights
