"""What a network is trained on: facts as numbers, and how."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Problem:
    """subjects, relations: numbers of names, (n,). targets: (n, bits) int8 of -1 and +1, or (n,) int64 answers.

    tokens: the vectors of subjects, then relations, (names, d_model) of -1 and +1; None: drawn from `seed`.
    noise: further tokens in every sequence, out of `noise_names`, drawn anew at every step and never masked.
    weights: the share of training that each fact gets, (n,), in sum 1: how often it is drawn, or counts in the loss
    where all facts are in a step. None: all the same.
    """

    subjects: Ints
    relations: Ints
    targets: NDArray[Any]
    n_subjects: int
    n_relations: int
    seed: int = 0
    noise: int = 0
    noise_names: int = 0
    tokens: NDArray[np.int8] | None = None
    weights: NDArray[np.float64] | None = None


class Run(NamedTuple):
    """One network of a batch: seed of its first weights, and its largest learning rate."""

    problem: Problem
    seed: int
    rate: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """steps: optimiser steps, over which the rate is decayed to 0. batch: facts a step, None for all of them.

    check_every: steps between two exhaustive recalls; a network that holds all its facts at `weight_bits` (None: as
    float32) stops.
    """

    steps: int = 1500
    optimiser: Literal["muon", "adamw"] = "muon"
    batch: int | None = None
    check_every: int = 50
    weight_bits: int | None = 8


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
    """right: facts right at the end in float32; stored_right: from weights rounded to `weight_bits`; both exhaustive,
    with the last weights. diverged: the loss was no number. weights: by name, as float32. seconds: the run's share of
    the time of its batch. peak_bytes: tensors of the batch, divided by its networks.
    """

    facts: int
    right: int
    stored_right: int
    steps: int
    seconds: float
    diverged: bool
    peak_bytes: int
    curve: list[Moment]
    weights: dict[str, NDArray[np.float32]]
