"""What the closed form holds, for the laboratory, from numpy to numpy: features of the frozen network, solved read-
outs, weights as they are stored. A memory itself is made by `fit`.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int8
from numpy import ndarray

from service.memory.closed_form.admm import widest_margins
from service.memory.closed_form.grid import Grid
from service.memory.closed_form.network import ShallowMemory
from service.memory.closed_form.perceptron import search_weights
from service.memory.closed_form.quantise import Rounding, margins, quantise
from service.memory.closed_form.readout import split_rows
from service.memory.recipe import Recipe, Resolved
from service.memory.resolution import resolve

Signs = Int8[ndarray, "n bits"]
Features = Float32[ndarray, "n rows"]
Rows = Literal["attention", "mlp", "hybrid"]
HEADS = 16
NEAREST = Rounding(bits=8, feedback=False, repair=False, ridge=0.0, floor=0.0)


@dataclass(frozen=True)
class FrozenNetwork:
    """The attention and MLP of a memory, of which a block reads `width` rows; `rows` says from which of the two."""

    rows: Rows
    width: int
    seed: int = 0

    @cached_property
    def recipe(self) -> Resolved:
        """As a caller's recipe would be resolved, with a network as wide as the block that reads it."""
        heads = -(-self.width // HEADS)
        asked = Recipe(weight_bits=8, rows=self.rows, seed=self.seed, heads=HEADS, d_head_vo=heads)
        resolved = resolve(asked, {"": 1}, {"": 1}, 1, "cpu")
        return replace(resolved, mlp_width=0 if self.rows == "attention" else self.width)

    @cached_property
    def _network(self) -> ShallowMemory:
        return ShallowMemory(self.recipe)

    @property
    def d_model(self) -> int:
        return self.recipe.d_model

    def features(self, subjects: Int8[ndarray, "n d"], relations: Int8[ndarray, "n d"]) -> Float32[ndarray, "n rows"]:
        """[o ; z] of pairs, given the tokens of their subjects and relations as -1 and +1."""
        with torch.inference_mode():
            subject, relation = (self._network.project(torch.from_numpy(x).float()) for x in (subjects, relations))
            features: ndarray = self._network.features(subject, relation, split_rows(self.rows, self.width)).numpy()
            return features


def outer_product_weights(features: Features, targets: Signs) -> Float64[ndarray, "rows bits"]:
    """The associative memory of the theory: every fact adds the outer product of its features and its target."""
    weights: ndarray = features.astype(np.float64).T @ targets
    return weights


def optimal_weights(
    features: Features, targets: Signs, steps: int = 200, strength: float = 1e-3
) -> Float64[ndarray, "rows bits"]:
    """The best weights of the outer-product memory: margins as wide as `steps` steps of ADMM make them."""
    with torch.inference_mode():
        F, Y = torch.from_numpy(features)[None], torch.from_numpy(targets)[None].float()
        solved: ndarray = widest_margins(F, Y, strength, steps)[0].numpy()
        return solved


def facts_held_at_int8(
    features: Features, targets: Signs, weights: Float64[ndarray, "rows bits"]
) -> Bool[ndarray, " n"]:
    """Which facts the weights hold, every bit right, once they are stored as int8."""
    with torch.inference_mode():
        F, Y = torch.from_numpy(features)[None], torch.from_numpy(targets)[None].float()
        stored = quantise(torch.from_numpy(weights)[None], F, Y, NEAREST)
        right: ndarray = (margins(*stored, F, Y)[0] > 0).numpy()
        return right


RIDGE, STEPS = 1e-2, 40
FEEDBACK_RIDGE = 3e-2
SEARCH_STEPS = 256
FLOOR = 2.0**-6
TABLE_BYTES = 2


class Storing(StrEnum):
    """How weights are put on the grid: each rounded to its nearest step; with error feedback to the other weights; with
    short margins repaired as well; or searched for on the grid from the start.
    """

    ROUNDED = "rounded"
    FEEDBACK = "feedback"
    REPAIRED = "repaired"
    SEARCHED = "searched"


def widest_weights(
    features: Float32[ndarray, "b n rows"], targets: Int8[ndarray, "b n bits"]
) -> Float64[ndarray, "b rows bits"]:
    """The weights of each block with the widest margins, before they are stored."""
    with torch.inference_mode():
        F, Y = torch.from_numpy(features), torch.from_numpy(targets).float()
        weights: ndarray = widest_margins(F, Y, RIDGE, STEPS).numpy()
        return weights


def facts_held_as_stored(
    features: Float32[ndarray, "b n rows"],
    targets: Int8[ndarray, "b n bits"],
    weights: Float64[ndarray, "b rows bits"],
    weight_bits: int,
    storing: Storing,
) -> Bool[ndarray, "b n"]:
    """Which facts of each block are read out with every bit right, from weights as stored."""
    with torch.inference_mode():
        F, Y = torch.from_numpy(features), torch.from_numpy(targets).float()
        if storing is Storing.SEARCHED:
            stored = search_weights(F, Y, Grid(weight_bits), FLOOR, SEARCH_STEPS)
        else:
            repair = storing is Storing.REPAIRED
            rounding = Rounding(weight_bits, repair or storing is Storing.FEEDBACK, repair, FEEDBACK_RIDGE, FLOOR)
            stored = quantise(torch.from_numpy(weights), F, Y, rounding)
        right: ndarray = (margins(*stored, F, Y) > 0).numpy()
        return right


def stored_bytes(rows: int, code_bits: int, weight_bits: int, storing: Storing) -> float:
    """Bytes of a block: weights, scales (one for all columns where weights were searched for) and its place in the
    block table.
    """
    scales = 1 if storing is Storing.SEARCHED else code_bits
    return rows * code_bits * weight_bits / 8 + 2 * scales + TABLE_BYTES
