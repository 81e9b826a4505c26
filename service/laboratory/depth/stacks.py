"""Stacks: networks of one to four layers with exactly the same number of parameters, and what each layer does."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.laboratory.bench import Result, Trial
from service.laboratory.parts import chosen
from service.laboratory.tables import Table
from service.memory.gradient import Outcome, Problem, Run, Schedule, Shape, facts_right, predict, train

DEPTHS = (1, 2, 3, 4)
RATE = 0.05
SCHEDULE = Schedule(steps=400, check_every=25)

# By layers: heads, widths of their keys and values, and the MLP's. A head costs 2 d (qk + vo) and a unit of the MLP
# 2 d + 1, so that all four number 48 d + 12, half of it attention; with a multiple of both, the same multiple.
_LAYERS = {1: (4, 1, 2, 12), 2: (2, 1, 2, 6), 3: (1, 1, 3, 4), 4: (1, 1, 2, 3)}


class Tried(NamedTuple):
    """One network that was taught `facts` facts. without: share recalled when one layer is left out, layer by layer;
    ranks: effective rank of the residual stream behind each layer. Both empty where not every fact was held.
    """

    facts: int
    held: bool
    without: list[float]
    ranks: list[float]


@dataclass(frozen=True, slots=True)
class Stack:
    """d_model, times: its size, (48 d_model + 12) x times parameters."""

    layers: int
    d_model: int
    times: int

    def shape(self, answers: int) -> Shape:
        heads, qk, vo, mlp = _LAYERS[self.layers]
        sizes = self.d_model, heads * self.times, qk, vo, mlp * self.times
        return Shape(*sizes, answers, layers=self.layers, readout="answers")

    @property
    def name(self) -> str:
        return "1_layer" if self.layers == 1 else f"{self.layers}_layers"

    @property
    def parameters(self) -> int:
        return self.shape(1).parameters

    @property
    def scales(self) -> int:
        return self.shape(1).scales

    def trial(self, table: Table, counts: Sequence[int], seed: int, device: str) -> Trial:
        """Teach it numbers of facts of the table, each number to a network of its own."""
        key = {"kind": "stack", "stack": asdict(self), "schedule": asdict(SCHEDULE), "rate": RATE, "device": device}
        facts = {"table": table.digest, "counts": list(counts), "seed": seed}
        return Trial({**key, **facts}, partial(self._work, table, counts, seed, device))

    def _work(self, table: Table, counts: Sequence[int], seed: int, device: str) -> Result:
        shape = self.shape(table.n_answers)
        runs = [Run(_problem(table.part(count, seed), seed), seed, RATE) for count in counts]
        outcomes = train(shape, runs, SCHEDULE, device=device)
        return {"networks": [_tried(shape, *each)._asdict() for each in zip(runs, outcomes, strict=True)]}


def tried(result: Result) -> list[Tried]:
    """What a trial found."""
    return [Tried(**network) for network in result["networks"]]


def drawn(table: Table, most: int, seed: int) -> Table:
    """At most so many facts of a table, without the answers that do not occur in them."""
    facts = np.sort(np.random.default_rng(seed).permutation(len(table))[:most])
    return chosen(table, facts)


def effective_rank(vectors: NDArray[np.floating]) -> float:
    """The exponential of the entropy of the shares of the singular values (Roy and Vetterli, EUSIPCO 2007), around the
    mean; 0 where all vectors (n, d) are alike.
    """
    values = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)
    if values[0] < 1e-6:
        return 0.0
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _problem(table: Table, seed: int) -> Problem:
    """Without noise: it asks for attention, not for room."""
    return Problem(table.subjects, table.relations, table.answers, table.n_subjects, table.n_relations, seed)


def _tried(shape: Shape, run: Run, outcome: Outcome) -> Tried:
    if not outcome.held:
        return Tried(outcome.facts, held=False, without=[], ranks=[])
    layers, weights = range(shape.layers), outcome.weights
    without = [float(facts_right(shape, run.problem, weights, without_layer=layer).mean()) for layer in layers]
    ranks = [effective_rank(stream) for stream in _streams(shape, run.problem, outcome)]
    return Tried(outcome.facts, held=True, without=without, ranks=ranks)


def _streams(shape: Shape, problem: Problem, outcome: Outcome) -> Iterator[NDArray[np.float32]]:
    """The residual stream at the end token behind each layer, (n, d), found back from what is read out of it."""
    back = np.linalg.pinv(outcome.weights["answers"]).T
    for layers in range(1, shape.layers + 1):
        yield predict(replace(shape, layers=layers), problem, outcome.weights) @ back
