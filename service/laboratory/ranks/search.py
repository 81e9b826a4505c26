"""The smallest attention-only network that holds a table: bisection over heads, many tables in one batch."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from schemas.experiments import Task
from service.laboratory import targets
from service.laboratory.bench import Bench, Result, Trial
from service.laboratory.ranks.altered import Altered
from service.laboratory.ranks.layer import layer_ranks, layer_tensor
from service.laboratory.tables import Table
from service.memory.gradient import Outcome, Problem, Run, Schedule, Shape, Weights, train

HEADS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20)
"""15 rungs: four trainings find the lowest that holds a table, if those above it do as well."""
D_MODEL = 16
SCHEDULE = Schedule(steps=400)
RATE = 0.05

Kind = Literal["softmax", "argmax", "threshold", "pads"]
"""Attention of a network with one vector for each answer; `pads`: softmax, and the memory's own codes and pads."""


class Learner(NamedTuple):
    """One network to be: which of the tables it learns, and its seed."""

    table: int
    seed: int


@dataclass
class Search:
    """Goes on round by round, so that several searches can share the cores. layers: LayerRanks of the first table as it
    is, by rung.
    """

    kind: Kind
    tables: Sequence[Altered]
    seeds: int
    layers: dict[int, dict[str, tuple[int, int, int]]] = field(default_factory=dict)
    _low: dict[Learner, int] = field(default_factory=dict)
    _high: dict[Learner, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for learner in [Learner(at, seed) for at in range(len(self.tables)) for seed in range(self.seeds)]:
            self._low[learner], self._high[learner] = 0, len(HEADS)

    @property
    def task(self) -> Task:
        return self.tables[0].table.task

    def round(self) -> dict[int, list[Learner]]:
        """Which rung every network that is not yet placed has to try next; empty at the end."""
        groups: dict[int, list[Learner]] = defaultdict(list)
        for learner, low in self._low.items():
            if low < self._high[learner]:
                groups[(low + self._high[learner]) // 2].append(learner)
        return groups

    def note(self, rung: int, learners: Sequence[Learner], result: Result) -> None:
        for learner, right in zip(learners, result["right"], strict=True):
            if right == self.tables[learner.table].pairs:
                self._high[learner] = rung
            else:
                self._low[learner] = rung + 1
        if "layer" in result:
            self.layers[rung] = result["layer"]

    def placed(self, table: int) -> list[int]:
        """The rung found for each seed."""
        return [self._high[Learner(table, seed)] for seed in range(self.seeds)]

    def beyond(self, table: int) -> bool:
        """Whether the largest network of a seed is too small for a table."""
        return max(self.placed(table)) == len(HEADS)

    def parameters(self, table: int) -> float:
        """Of the smallest networks that hold a table, the geometric mean over seeds. Where the ladder ends too early,
        its end counts: a lower bound.
        """
        rungs = [min(rung, len(HEADS) - 1) for rung in self.placed(table)]
        return float(np.exp(np.mean([np.log(self.shape(rung).parameters) for rung in rungs])))

    def shape(self, rung: int) -> Shape:
        base = self.tables[0].table
        if self.kind == "pads":
            return Shape(targets.token_width(base), HEADS[rung], 1, 1, 0, targets.code_length(base))
        return Shape(D_MODEL, HEADS[rung], 1, 1, 0, base.n_answers, attention=self.kind, readout="answers")

    def trial(self, rung: int, learners: Sequence[Learner]) -> Trial:
        shape = self.shape(rung)
        key = {
            "kind": "rank",
            "shape": asdict(shape),
            "schedule": asdict(SCHEDULE),
            "rate": RATE,
            "tables": [self.tables[learner.table].table.digest for learner in learners],
            "seeds": [learner.seed for learner in learners],
        }
        return Trial(key, lambda: self._tried(shape, learners))

    def _tried(self, shape: Shape, learners: Sequence[Learner]) -> Result:
        runs = [Run(self._problem(self.tables[at].table, seed), seed, RATE) for at, seed in learners]
        outcomes = train(shape, runs, SCHEDULE)
        result: Result = {"right": [outcome.stored_right for outcome in outcomes]}
        if learners[0] == Learner(0, 0) and self.kind != "pads":
            result["layer"] = _ranks(shape, runs[0].problem, outcomes[0])
        return result

    def _problem(self, table: Table, seed: int) -> Problem:
        if self.kind == "pads":
            return targets.problem(table, targets.code_length(self.tables[0].table), targets.token_width(table), seed)
        return Problem(table.subjects, table.relations, table.answers, table.n_subjects, table.n_relations, seed)


def _ranks(shape: Shape, problem: Problem, outcome: Outcome) -> dict[str, tuple[int, int, int]]:
    weights: Weights = outcome.weights
    return layer_ranks(layer_tensor(shape, problem, weights))._asdict()


def run(searches: Sequence[Search], bench: Bench) -> None:
    """All searches to their end, round by round."""
    while rounds := [(search, rung, group) for search in searches for rung, group in search.round().items()]:
        results = bench.all([search.trial(rung, group) for search, rung, group in rounds])
        for (search, rung, group), result in zip(rounds, results, strict=True):
            search.note(rung, group, result)
