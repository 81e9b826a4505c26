"""Stacks: networks of one to four layers with exactly the same number of parameters, and what each layer does."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from schemas.experiments import Task
from service.laboratory.bench import Result, Trial
from service.laboratory.search import Grid, SizesBySeed, Sweep
from service.laboratory.tables import Table, select_facts
from service.memory.gradient import Outcome, Problem, Run, Schedule, Shape, facts_right, predict, train

DEPTHS = (1, 2, 3, 4)
RATE = 0.05
SCHEDULE = Schedule(steps=400, check_every=25)

GRID = Grid(start=1.4, restart=1.15, count=3, fine=1.2, added=2)
_EXPECTED = {1: 0.17, 2: 0.1, 3: 0.07, 4: 0.06}
"""Facts a parameter, by layers, as measured on random facts: where a first seed starts."""
_MOST = 1.0
"""The most facts a parameter that are tried."""

# By layers: heads, widths of their keys and values, and the MLP's. A head costs 2 d (qk + vo) and a unit of the MLP
# 2 d + 1, so that all four number 48 d + 12, half of it attention; with a multiple of both, the same multiple.
_LAYERS = {1: (4, 1, 2, 12), 2: (2, 1, 2, 6), 3: (1, 1, 3, 4), 4: (1, 1, 2, 3)}


class StackResult(NamedTuple):
    """A network that was taught `facts` facts. without: the share recalled when one layer is left out, layer by layer;
    ranks: the effective rank of the residual stream behind each layer. Both are empty where a fact was lost.
    """

    facts: int
    held: bool
    without: list[float]
    ranks: list[float]


@dataclass(frozen=True, slots=True)
class Stack:
    """A network of so many layers, with (48 d_model + 12) x times parameters whatever their number."""

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
        """A trial that teaches it parts of the table, each to a network of its own."""
        key = {"kind": "stack", "stack": asdict(self), "schedule": asdict(SCHEDULE), "rate": RATE, "device": device}
        facts = {"table": table.digest, "counts": list(counts), "seed": seed}
        return Trial({**key, **facts}, partial(self._work, table, counts, seed, device))

    def _work(self, table: Table, counts: Sequence[int], seed: int, device: str) -> Result:
        shape = self.shape(table.n_answers)
        runs = [Run(_problem(table.sample(count, seed), seed), seed, RATE) for count in counts]
        outcomes = train(shape, runs, SCHEDULE, device=device)
        return {"networks": [_measure(shape, *each)._asdict() for each in zip(runs, outcomes, strict=True)]}


@dataclass
class StackSweep(Sweep):
    """The sweep of one stack on a table, and its networks that held every fact."""

    stack: Stack
    table: Table
    device: str
    held: list[StackResult] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, stack: Stack, table: Table, device: str) -> "StackSweep":
        most = min(int(_MOST * stack.parameters), len(table))
        return cls(GRID, most, _EXPECTED[stack.layers] * stack.parameters, stack, table, device)

    @property
    def task(self) -> Task:
        return self.table.task

    @property
    def parameters(self) -> int:
        return self.stack.parameters

    @property
    def all_held(self) -> bool:
        """Whether some seed holds every fact there is to try, so that nothing is known of how many it could hold."""
        return any(at.held >= self.most for at in self.thresholds.values())

    def trials(self, sizes: SizesBySeed) -> list[Trial]:
        """One trial a seed, on facts drawn by the seed."""
        tables = {seed: draw_table(self.table, self.most, seed) for seed in sizes}
        return [self.stack.trial(tables[seed], of_seed, seed, self.device) for seed, of_seed in sizes.items()]

    def take(self, sizes: SizesBySeed, results: Iterable[Result]) -> None:
        for seed, result in zip(sizes, results, strict=True):
            for network in read_results(result):
                self.note(seed, network.facts, held=network.held)
                self.held += [network] if network.held else []


def read_results(result: Result) -> list[StackResult]:
    """The networks in a trial's result."""
    return [StackResult(**network) for network in result["networks"]]


def draw_table(table: Table, most: int, seed: int) -> Table:
    """At most `most` facts of a table, drawn by the seed, without the answers that do not occur in them."""
    facts = np.sort(np.random.default_rng(seed).permutation(len(table))[:most])
    return select_facts(table, facts)


def effective_rank(vectors: Float[ndarray, "n d"]) -> float:
    """The exponential of the entropy of the singular values' shares, around the mean vector (Roy and Vetterli, EUSIPCO
    2007). 0 where all vectors are alike.
    """
    values = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)
    if values[0] < 1e-6:
        return 0.0
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _problem(table: Table, seed: int) -> Problem:
    """Without noise tokens, which take attention and no storage."""
    return Problem(table.subjects, table.relations, table.answers, table.n_subjects, table.n_relations, seed)


def _measure(shape: Shape, run: Run, outcome: Outcome) -> StackResult:
    if not outcome.held:
        return StackResult(outcome.facts, held=False, without=[], ranks=[])
    layers, weights = range(shape.layers), outcome.weights
    without = [float(facts_right(shape, run.problem, weights, without_layer=layer).mean()) for layer in layers]
    ranks = [effective_rank(stream) for stream in _streams(shape, run.problem, outcome)]
    return StackResult(outcome.facts, held=True, without=without, ranks=ranks)


def _streams(shape: Shape, problem: Problem, outcome: Outcome) -> Iterator[Float32[ndarray, "n d"]]:
    """The residual stream at the end token behind each layer, recovered from what is read out of it."""
    back = np.linalg.pinv(outcome.weights["answers"]).T
    for layers in range(1, shape.layers + 1):
        yield predict(replace(shape, layers=layers), problem, outcome.weights) @ back
