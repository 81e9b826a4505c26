"""What blocks hold at a number of bits a weight, from numpy to numpy: solved weights rounded in three ways, and weights
that were searched for. For measuring; a memory itself is made by `fit`.
"""

from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray

from service.memory.grid import Grid
from service.memory.perceptron import searched
from service.memory.quantise import Rounding, margins, quantise
from service.memory.solver import widest_margins

RIDGE, STEPS = 1e-2, 40
FEEDBACK_RIDGE = 3e-2
SEARCH_STEPS = 256
FLOOR = 2.0**-6
TABLE_BYTES = 2


class Storing(StrEnum):
    """How weights come to lie on the grid: each to its nearest step; what that loses made up by the others; short
    margins repaired besides; or searched for on the grid from the start.
    """

    ROUNDED = "rounded"
    FEEDBACK = "feedback"
    REPAIRED = "repaired"
    SEARCHED = "searched"


def solved(features: NDArray[np.float32], targets: NDArray[np.int8]) -> NDArray[np.float64]:
    """Weights of the widest margins before they are stored: (b, n, rows), (b, n, bits) -> (b, rows, bits)."""
    with torch.inference_mode():
        F, Y = torch.from_numpy(features), torch.from_numpy(targets).float()
        weights: NDArray[np.float64] = widest_margins(F, Y, RIDGE, STEPS).numpy()
        return weights


def held(
    features: NDArray[np.float32],
    targets: NDArray[np.int8],
    weights: NDArray[np.float64],
    weight_bits: int,
    storing: Storing,
) -> NDArray[np.bool_]:
    """Which facts of each block are read out rightly, every bit, from weights as stored: (b, n)."""
    with torch.inference_mode():
        F, Y = torch.from_numpy(features), torch.from_numpy(targets).float()
        if storing is Storing.SEARCHED:
            stored = searched(F, Y, Grid(weight_bits), FLOOR, SEARCH_STEPS)
        else:
            repair = storing is Storing.REPAIRED
            rounding = Rounding(weight_bits, repair or storing is Storing.FEEDBACK, repair, FEEDBACK_RIDGE, FLOOR)
            stored = quantise(torch.from_numpy(weights), F, Y, rounding)
        right: NDArray[np.bool_] = (margins(*stored, F, Y) > 0).numpy()
        return right


def stored_bytes(rows: int, code_bits: int, weight_bits: int, storing: Storing) -> float:
    """Bytes of a block: weights, scales (one for all columns where weights were searched for) and its place in the
    block table.
    """
    scales = 1 if storing is Storing.SEARCHED else code_bits
    return rows * code_bits * weight_bits / 8 + 2 * scales + TABLE_BYTES
