"""Exhaustive recall of the synthetic task: every one of its facts, each in fresh noise, for both solvers.

A network trained end to end is asked with the noise in its sequence: attention has to find subject and relation. The
closed form masks by type: of a sequence it reads the subject and the relation and nothing else, so noise never enters
and every draw must give the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.laboratory.synthetic import masked, sequences
from service.laboratory.tables import Table
from service.memory.gradient import Problem, Shape, Weights, facts_right
from service.memory.measuring import FrozenNetwork, facts_held_at_int8

DRAWS = 20


@dataclass(frozen=True, slots=True)
class Recalled:
    """right: how many of the `facts` were right in each draw of the noise; always: how many were in every one."""

    facts: int
    right: list[int]
    always: int


def in_noise(shape: Shape, problem: Problem, weights: Weights, *, weight_bits: int | None = None) -> Recalled:
    """Trained weights (weight_bits: as they would be stored), with noise that was never masked."""

    def asked(draw: int) -> NDArray[np.bool_]:
        return facts_right(shape, problem, weights, noise_draw=draw, weight_bits=weight_bits)

    return _counted(asked)


def behind_a_mask(
    network: FrozenNetwork,
    tokens: NDArray[np.int8],
    table: Table,
    targets: NDArray[np.int8],
    weights: NDArray[np.float64],
) -> Recalled:
    """A read-out in closed form, at int8. tokens: the vectors of subjects, then relations, (names, d_model)."""

    def asked(draw: int) -> NDArray[np.bool_]:
        subjects, relations = masked(sequences(table, draw), table)
        features = network.features(tokens[subjects], tokens[table.n_subjects + relations])
        return facts_held_at_int8(features, targets, weights)

    return _counted(asked)


def _counted(asked: Callable[[int], NDArray[np.bool_]]) -> Recalled:
    """Draws count up from one: number 0 is the one that a training looks at."""
    found = np.stack([asked(draw) for draw in range(1, DRAWS + 1)])
    return Recalled(found.shape[1], found.sum(axis=1).tolist(), int(found.all(axis=0).sum()))
