"""What the memory's network holds in closed form, from numpy to numpy: features that stay as they are drawn, a read-out
that is solved, weights as they are stored. For measuring; a memory itself is made by `fit`.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from service.memory.model import ShallowMemory
from service.memory.quantise import Rounding, margins, quantise
from service.memory.readout import split
from service.memory.recipe import Recipe, Resolved
from service.memory.resolving import resolve
from service.memory.solver import widest_margins

Signs = NDArray[np.int8]
Features = NDArray[np.float32]
Rows = Literal["attention", "mlp", "hybrid"]
HEADS = 16
NEAREST = Rounding(bits=8, feedback=False, repair=False, ridge=0.0, floor=0.0)


@dataclass(frozen=True)
class FrozenNetwork:
    """The attention and MLP of a memory, of which a block of `width` rows is read; `rows` says of which."""

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

    def features(self, subjects: Signs, relations: Signs) -> Features:
        """[o ; z] of the tokens of pairs, (n, d_model) of -1 and +1 twice: (n, width)."""
        with torch.inference_mode():
            subject, relation = (self._network.project(torch.from_numpy(x).float()) for x in (subjects, relations))
            features: Features = self._network.features(subject, relation, split(self.rows, self.width)).numpy()
            return features


def outer_product(features: Features, targets: Signs) -> NDArray[np.float64]:
    """The associative memory of the theory: every fact adds the outer product of its features and its target."""
    return features.astype(np.float64).T @ targets


def optimal(features: Features, targets: Signs, steps: int = 200, strength: float = 1e-3) -> NDArray[np.float64]:
    """Its best weights, (rows, bits): margins as wide as `steps` steps of the solver make them."""
    with torch.inference_mode():
        F, Y = torch.from_numpy(features)[None], torch.from_numpy(targets)[None].float()
        solved: NDArray[np.float64] = widest_margins(F, Y, strength, steps)[0].numpy()
        return solved


def held(features: Features, targets: Signs, weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which facts the weights hold once they are stored, every bit right, at int8: (n,)."""
    with torch.inference_mode():
        F, Y = torch.from_numpy(features)[None], torch.from_numpy(targets)[None].float()
        stored = quantise(torch.from_numpy(weights)[None], F, Y, NEAREST)
        right: NDArray[np.bool_] = (margins(*stored, F, Y)[0] > 0).numpy()
        return right
