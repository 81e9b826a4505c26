"""The smallest attention-only network that holds a table: bisection over heads, many tables in one batch."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from service.laboratory import targets
from service.laboratory.bench import Bench, Result, Trial
from service.laboratory.rank.layer import layer_ranks, layer_tensor
from service.laboratory.rank.perturbed import PerturbedTable
from service.laboratory.tables import Table
from service.memory.gradient import Problem, Run, Schedule, Shape, train

HEADS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16)
"""The ladder: four trainings find the lowest rung that holds a table, if those above it do as well."""
D_MODEL = 16
SCHEDULE = Schedule(steps=400)
RATE = 0.05

LayerKind = Literal["softmax", "argmax", "threshold", "pads"]
"""Attention of a network with one vector for each answer; `pads`: softmax, and the memory's own codes and pads."""


class Learner(NamedTuple):
    """One network to be: which of the tables it learns, and its seed."""

    table: int
    seed: int


@dataclass
class Bisection:
    """Goes on round by round, so that searches can share the cores. layers: of tables as they are, by table and rung,
    the ranks of a layer that learned it (`LayerRanks` by name).
    """

    kind: LayerKind
    tables: Sequence[PerturbedTable]
    seeds: int
    layers: dict[tuple[int, int], dict[str, tuple[int, int, int]]] = field(default_factory=dict)
    _low: dict[Learner, int] = field(default_factory=dict)
    _high: dict[Learner, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for learner in [Learner(at, seed) for at in range(len(self.tables)) for seed in range(self.seeds)]:
            self._low[learner], self._high[learner] = 0, len(HEADS)

    def round(self) -> dict[int, list[Learner]]:
        """Which rung every network that is not yet placed has to try next; empty at the end."""
        groups: dict[int, list[Learner]] = defaultdict(list)
        for learner, low in self._low.items():
            if low < self._high[learner]:
                groups[(low + self._high[learner]) // 2].append(learner)
        return groups

    def note(self, rung: int, learners: Sequence[Learner], result: Result) -> None:
        """What came of a trial."""
        for learner, right in zip(learners, result["right"], strict=True):
            if right == self.tables[learner.table].pairs:
                self._high[learner] = rung
            else:
                self._low[learner] = rung + 1
        for table, ranks in result["layers"].items():
            self.layers[int(table), rung] = ranks

    def placed(self, table: int) -> list[int]:
        """For each seed, the lowest rung that holds a table; len(HEADS) where none does."""
        return [self._high[Learner(table, seed)] for seed in range(self.seeds)]

    def beyond(self, table: int) -> bool:
        """Whether the largest network of a seed is too small for a table."""
        return max(self.placed(table)) == len(HEADS)

    def parameters(self, table: int) -> float:
        """Of the smallest networks that hold a table, the geometric mean over seeds. Where the ladder ends too early,
        its end counts: a lower bound.
        """
        rungs = [min(rung, len(HEADS) - 1) for rung in self.placed(table)]
        return round(float(np.exp(np.mean([np.log(self.shape(rung).parameters) for rung in rungs]))), 1)

    def shape(self, rung: int) -> Shape:
        """One for all tables: as many outputs as the largest needs."""
        tables = [altered.table for altered in self.tables]
        if self.kind == "pads":
            width, bits = (max(map(of, tables)) for of in (targets.token_width, targets.code_length))
            return Shape(width, HEADS[rung], 1, 1, 0, bits)
        answers = max(table.n_answers for table in tables)
        return Shape(D_MODEL, HEADS[rung], 1, 1, 0, answers, attention=self.kind, readout="answers")

    def trial(self, rung: int, learners: Sequence[Learner], device: str) -> Trial:
        """The networks of one rung, as one batch."""
        shape = self.shape(rung)
        key = {
            "kind": "rank",
            "shape": asdict(shape),
            "schedule": asdict(SCHEDULE),
            "rate": RATE,
            "device": device,
            "tables": [self.tables[learner.table].table.digest for learner in learners],
            "seeds": [learner.seed for learner in learners],
        }
        return Trial(key, lambda: self._tried(shape, learners, device))

    def _tried(self, shape: Shape, learners: Sequence[Learner], device: str) -> Result:
        runs = [Run(_problem(self.tables[table].table, shape, seed), seed, RATE) for table, seed in learners]
        outcomes = train(shape, runs, SCHEDULE, device=device)
        layers = {
            str(learner.table): layer_ranks(layer_tensor(shape, run.problem, outcome.weights))._asdict()
            for learner, run, outcome in zip(learners, runs, outcomes, strict=True)
            if shape.readout == "answers" and learner.seed == 0 and self.tables[learner.table].kind == "as_it_is"
        }
        return {"right": [outcome.stored_right for outcome in outcomes], "layers": layers}


def _problem(table: Table, shape: Shape, seed: int) -> Problem:
    if shape.readout == "codes":
        return targets.make_problem(table, shape.outputs, shape.d_model, seed)
    return Problem(table.subjects, table.relations, table.answers, table.n_subjects, table.n_relations, seed)


def run_bisections(searches: Sequence[Bisection], bench: Bench) -> list[Bisection]:
    """Round by round while there is time: the searches that came to their end."""
    while rounds := [(search, rung, group) for search in searches for rung, group in search.round().items()]:
        if bench.left() < 0:
            break
        results = bench.run_all([search.trial(rung, group, bench.device) for search, rung, group in rounds])
        for (search, rung, group), result in zip(rounds, results, strict=True):
            search.note(rung, group, result)
    return [search for search in searches if not search.round()]
