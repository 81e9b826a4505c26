"""Weights as they are stored: eight or four bits and one float16 scale a column.

Four bits are rounded with error feedback against the block's own Gram matrix (GPTQ: Frantar et al., arXiv
2210.17323), then mended: a weight at a time is moved by one step where that helps the facts whose margin is short.
The mending counts in integers, so that its choices do not depend on rounding.
"""

import torch
from torch import Tensor

from service.memory.recipe import Resolved
from service.memory.solver import gram

CLIP = {8: 1.0, 4: 0.7}  # part of a column's largest weight that the largest stored step stands for
REPAIR_STEPS = 16
REPAIR_TARGET = 0.4  # margins below this, in units of the training target, pull at the weights


def quantise(W: Tensor, F: Tensor, Y: Tensor, recipe: Resolved) -> tuple[Tensor, Tensor]:
    """(b, rows, bits) float64 -> int8 steps of the same shape and float16 scales (b, bits)."""
    most = largest(recipe.weight_bits)
    scales = _upward(W.abs().amax(dim=1) * (CLIP[recipe.weight_bits] / most))
    if recipe.weight_bits == 8:
        return torch.clamp(torch.round(W / scales.double()[:, None]), -most, most).to(torch.int8), scales
    steps = _with_error_feedback(W, gram(F, recipe.ridge), scales.double(), most)
    return _repair(steps, scales, F.double(), Y.double(), most).to(torch.int8), scales


def largest(weight_bits: int) -> int:
    return (1 << (weight_bits - 1)) - 1


def margins(steps: Tensor, scales: Tensor, F: Tensor, Y: Tensor) -> Tensor:
    """Smallest signed |y| of each fact, as it will be served: (b, n) float32; infinite for padding."""
    y = torch.bmm(F, steps.float()) * scales.float()[:, None]
    return torch.where(Y[..., 0] == 0, torch.inf, (y * Y).amin(dim=2))


def _upward(scales: Tensor) -> Tensor:
    """The next float16 that is not smaller (and not zero), so that clamping cuts nothing off at eight bits."""
    scales = scales.clamp(min=2.0**-24)
    half = scales.half()
    return torch.where(half.double() < scales, torch.nextafter(half, torch.full_like(half, torch.inf)), half)


def _with_error_feedback(W: Tensor, G: Tensor, scales: Tensor, most: int) -> Tensor:
    """Round row by row; what rounding loses is made up by the rows still to come."""
    factor = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(G)), upper=True)
    W, steps = W.clone(), torch.empty_like(W)
    for i in range(W.shape[1]):
        steps[:, i] = torch.clamp(torch.round(W[:, i] / scales), -most, most)
        lost = (W[:, i] - steps[:, i] * scales) / factor[:, i, i, None]
        W[:, i + 1 :] -= factor[:, i, i + 1 :, None] * lost[:, None]
    return steps


def _repair(steps: Tensor, scales: Tensor, F: Tensor, Y: Tensor, most: int) -> Tensor:
    """Greedy descent on the squared shortfall of margins, one weight of every column at a time. All integers."""
    target = torch.ceil(REPAIR_TARGET / scales.double())[:, None] * Y.abs()
    margin = (F @ steps) * Y
    squares = (F * F).mT.contiguous()
    order = torch.arange(F.shape[2], device=F.device, dtype=torch.float64)[None, :, None]
    for _ in range(REPAIR_STEPS):
        short = torch.clamp(target - margin, min=0)
        pull = F.mT @ (short * Y)  # (b, rows, bits): half the slope of the squared shortfall
        way = torch.sign(pull)
        gain = 2 * pull.abs() - squares @ (short > 0).double()
        gain = torch.where(((steps + way).abs() > most) | (way == 0), -1.0, gain)
        # Equal gains are told apart by the row's number: which maximum argmax returns is not specified.
        best = (gain * F.shape[2] - order).argmax(dim=1, keepdim=True)
        move = torch.where(gain.gather(1, best) > 0, way.gather(1, best), 0.0)
        if not move.any():
            break
        steps = steps.scatter_add(1, best, move)
        rows = F.gather(2, best.expand(-1, F.shape[1], -1))  # (b, n, bits): each column's moved feature
        margin += rows * move * Y
    return steps
