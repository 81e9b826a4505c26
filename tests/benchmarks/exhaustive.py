"""Exhaustive recall of the synthetic task: every one of its facts, each in fresh noise, for both solvers.

A network trained end to end is queried with the noise in its sequence: attention has to find subject and relation. The
closed form masks by type: of a sequence it reads the subject and the relation and nothing else, so noise never enters
and every draw must give the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.laboratory.tables import Table
from service.memory.gradient import Problem, Shape, Weights, facts_right
from service.memory.measuring import FrozenNetwork, facts_held_at_int8

DRAWS = 20


@dataclass(frozen=True, slots=True)
class NoisyRecall:
    """right: how many of the `facts` were right in each draw of the noise; always: how many were in every one."""

    facts: int
    right: list[int]
    always: int


def recall_in_noise(shape: Shape, problem: Problem, weights: Weights, *, weight_bits: int | None = None) -> NoisyRecall:
    """Recall by trained weights, rounded to `weight_bits` where given, with noise that was never masked."""

    def recall(draw: int) -> NDArray[np.bool_]:
        return facts_right(shape, problem, weights, noise_draw=draw, weight_bits=weight_bits)

    return _count(recall)


def recall_behind_mask(
    network: FrozenNetwork,
    tokens: NDArray[np.int8],
    table: Table,
    targets: NDArray[np.int8],
    weights: NDArray[np.float64],
) -> NoisyRecall:
    """Recall by a read-out in closed form, at int8. tokens: vectors of subjects, then relations, (names, d_model)."""

    def recall(draw: int) -> NDArray[np.bool_]:
        subjects, relations = mask(draw_sequences(table, draw), table)
        features = network.features(tokens[subjects], tokens[table.n_subjects + relations])
        return facts_held_at_int8(features, targets, weights)

    return _count(recall)


def _count(recall: Callable[[int], NDArray[np.bool_]]) -> NoisyRecall:
    """Draws count up from one: number 0 is the one that a training looks at."""
    found = np.stack([recall(draw) for draw in range(1, DRAWS + 1)])
    return NoisyRecall(found.shape[1], found.sum(axis=1).tolist(), int(found.all(axis=0).sum()))


def draw_sequences(table: Table, seed: int) -> NDArray[np.int64]:
    """Draw one sequence for every pair, (n, T): numbers of subjects, then relations, then noise, then the end."""
    rng = np.random.default_rng(seed)
    first_noise = table.n_subjects + table.n_relations
    places = rng.permuted(np.tile(np.arange(table.noise + 2), (len(table), 1)), axis=1)
    noise = rng.integers(first_noise, first_noise + max(table.noise_names, 1), (len(table), table.noise))
    tokens = np.column_stack([table.subjects, table.relations + table.n_subjects, noise])
    end = np.full((len(table), 1), first_noise + table.noise_names)
    return np.hstack([np.take_along_axis(tokens, places, axis=1), end])


def mask(tokens: NDArray[np.int64], table: Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Mask sequences (n, T) by type, which leaves the subject and the relation of each, (n,) twice."""
    end_of_relations = table.n_subjects + table.n_relations
    is_subject, is_relation = tokens < table.n_subjects, (tokens >= table.n_subjects) & (tokens < end_of_relations)
    return tokens[is_subject], tokens[is_relation] - table.n_subjects
