"""What networks are trained on: facts as numbers, and how; and what came of it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float64, Int8, Int64, Shaped
from numpy import ndarray
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Problem:
    """subjects, relations: numbers of each fact's names. targets: (n, bits) int8 of -1 and +1, or (n,) int64 answers.

    tokens: the vectors of subjects, then of relations, as -1 and +1; None: drawn from `seed`, as are the vectors of
    noise, of the end of a sequence and of answers.
    noise: further tokens in every sequence, out of `noise_names`, drawn anew at every step and never masked.
    frequency: how often each fact is met in training, as shares of one; None: all equally often.
    """

    subjects: Int64[ndarray, " n"]
    relations: Int64[ndarray, " n"]
    targets: Shaped[ndarray, "n ..."]
    n_subjects: int
    n_relations: int
    seed: int = 0
    noise: int = 0
    noise_names: int = 0
    tokens: Int8[ndarray, "names d"] | None = None
    frequency: Float64[ndarray, " n"] | None = None

    def __len__(self) -> int:
        return len(self.subjects)

    @property
    def names(self) -> int:
        """Vectors of tokens: subjects, relations, noise, and the end."""
        return self.n_subjects + self.n_relations + self.noise_names + 1


class Run(NamedTuple):
    """One network of a batch: seed of its first weights, and its largest learning rate."""

    problem: Problem
    seed: int
    rate: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """steps: optimiser steps, over which the rate is decayed to 0. batch: facts a step, None for all of them.

    weight_bits: the weights are evaluated as they would be stored (None: as float32); over the last part of the steps,
    `aware`, they are also trained as stored. A network stops as soon as it holds every fact with this `margin`, which
    is looked at every `check_every` steps; one that at 60 % of the steps has fewer right than the share `give_up` stops
    too, where only holding all of them counts.
    """

    steps: int = 1000
    optimiser: Literal["muon", "adamw"] = "muon"
    batch: int | None = None
    check_every: int = 50
    weight_bits: int | None = 8
    aware: float = 0.3
    margin: float = 0.0
    decay: float = 0.0
    stop_early: bool = True
    give_up: float = 0.0


class Moment(NamedTuple):
    """Recall in the course of a training: facts right, and (read-out `answers`) facts answered by another answer of
    their own relation.
    """

    step: int
    loss: float
    right: int
    relation_only: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """right: facts right at the end in float32; stored_right: from weights as stored; both exhaustive, with the last
    weights. diverged: the loss was no number. weights: by name, as float32, not rounded. seconds: the run's share of
    the time of its batch. peak_bytes: weights, their moments and what one step keeps for its gradients, a network.
    """

    facts: int
    right: int
    stored_right: int
    steps: int
    seconds: float
    diverged: bool
    peak_bytes: int
    curve: list[Moment]
    weights: Weights

    @property
    def held(self) -> bool:
        """Every fact is right from the weights as stored."""
        return self.stored_right == self.facts
