"""Weights of few bits: their grid, and the search for those that hold a block's facts."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from service.memory import Recipe, fit
from service.memory.closed_form.grid import Grid
from service.memory.closed_form.perceptron import search_weights
from service.memory.closed_form.quantise import margins
from tests.service.memory.conftest import DICTIONARIES, SECRET, read

FLOOR = 2**-6


def block(facts: int, rows: int, bits: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    draw = np.random.default_rng(seed)
    features = draw.integers(-4, 5, (1, facts, rows)).astype(np.float32)
    return torch.from_numpy(features), torch.from_numpy(draw.choice([-1.0, 1.0], (1, facts, bits)).astype(np.float32))


@given(st.integers(2, 8), st.floats(-300, 300))
def test_the_nearest_step_is_the_nearest(bits: int, value: float) -> None:
    """Of all steps of a grid none is nearer to a value, and every code of two and three bits has a step."""
    grid = Grid(bits)
    steps = np.arange(-grid.most, grid.most + 1, grid.unit)
    nearest = float(grid.nearest(torch.tensor(value, dtype=torch.float64)))
    assert abs(nearest - value) <= np.abs(steps - value).min() + 2**-14
    assert nearest in steps
    assert len(steps) == 2**bits - (bits >= 4)


@pytest.mark.parametrize(("bits", "rows"), [(2, 64), (3, 48), (4, 40)])
def test_a_block_is_held(bits: int, rows: int) -> None:
    """Forty facts of twenty bits, at loads that rounded weights do not reach: every margin reaches the floor."""
    F, Y = block(40, rows, 20)
    steps, scales = search_weights(F, Y, Grid(bits), FLOOR, 640)
    assert float(margins(steps, scales, F, Y).min()) >= FLOOR
    assert steps.abs().max() <= Grid(bits).most


def test_what_stands_beside_a_block_leaves_no_trace() -> None:
    """Alone, or beside another block, with rows of facts and columns that are not there: the same steps."""
    F, Y = block(40, 64, 20)
    other, targets = block(48, 64, 24, seed=1)
    padded, signs = torch.zeros_like(other), torch.zeros_like(targets)
    padded[:, :40], signs[:, :40, :20] = F, Y
    alone, scale = search_weights(F, Y, Grid(2), FLOOR, 320)
    together, scales = search_weights(torch.cat([other, padded]), torch.cat([targets, signs]), Grid(2), FLOOR, 320)
    assert torch.equal(together[1:, :, :20], alone)
    assert torch.equal(scales[1:], scale)


def test_the_order_of_facts_leaves_no_trace() -> None:
    """Sums of integers are exact: facts in another order, the same steps."""
    F, Y = block(40, 64, 20)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(
        search_weights(F[:, order], Y[:, order], Grid(2), FLOOR, 320)[0], search_weights(F, Y, Grid(2), FLOOR, 320)[0]
    )


def test_compact_holds_more_than_two_bits_and_a_half_in_a_byte() -> None:
    """A whole real table, with weights, scales and block table counted: 2.6 code bits a stored byte."""
    memory = fit(read(DICTIONARIES / "elements.csv"), Recipe(profile="compact"), secret=SECRET)
    assert memory.code_bits_total / memory.bytes >= 2.6
