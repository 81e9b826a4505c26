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
"""The numbers of heads that are tried, and steps are their positions. Four trainings find the lowest step that holds a
table, if all steps above it hold it too.
"""
D_MODEL = 16
SCHEDULE = Schedule(steps=400)
RATE = 0.05

LayerKind = Literal["softmax", "argmax", "threshold", "pads"]
"""The attention of a network with one vector for each answer; `pads`: softmax, with the memory's own codes and pads."""


class Learner(NamedTuple):
    """One network that is sought: the position of the table it learns, and its seed."""

    table: int
    seed: int


@dataclass
class Bisection:
    """The search for the smallest networks of one kind, which proceeds in rounds so that several can share the cores.
    layers: by position of an unperturbed table and step, the ranks of a layer that learned it (`LayerRanks` by name).
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
        """The networks that are still sought, by the step that each tries next; empty at the end."""
        groups: dict[int, list[Learner]] = defaultdict(list)
        for learner, low in self._low.items():
            if low < self._high[learner]:
                groups[(low + self._high[learner]) // 2].append(learner)
        return groups

    def note(self, step: int, learners: Sequence[Learner], result: Result) -> None:
        """Note the result of a trial."""
        for learner, right in zip(learners, result["right"], strict=True):
            if right == self.tables[learner.table].pairs:
                self._high[learner] = step
            else:
                self._low[learner] = step + 1
        for table, ranks in result["layers"].items():
            self.layers[int(table), step] = ranks

    def smallest(self, table: int) -> list[int]:
        """The lowest step that holds a table, for each seed; len(HEADS) where none does."""
        return [self._high[Learner(table, seed)] for seed in range(self.seeds)]

    def is_beyond(self, table: int) -> bool:
        """Whether on some seed even the largest network is too small for a table."""
        return max(self.smallest(table)) == len(HEADS)

    def parameters(self, table: int) -> float:
        """The geometric mean over seeds of the parameters of the smallest networks that hold a table. A seed on which
        none does counts as the largest, which makes the mean a lower bound.
        """
        steps = [min(step, len(HEADS) - 1) for step in self.smallest(table)]
        return round(float(np.exp(np.mean([np.log(self.shape(step).parameters) for step in steps]))), 1)

    def shape(self, step: int) -> Shape:
        """The shape that all tables share, with as many outputs as the largest of them needs."""
        tables = [each.table for each in self.tables]
        if self.kind == "pads":
            width, bits = (max(map(of, tables)) for of in (targets.token_width, targets.code_length))
            return Shape(width, HEADS[step], 1, 1, 0, bits)
        answers = max(table.n_answers for table in tables)
        return Shape(D_MODEL, HEADS[step], 1, 1, 0, answers, attention=self.kind, readout="answers")

    def trial(self, step: int, learners: Sequence[Learner], device: str) -> Trial:
        """The trial of the networks of one step, as one batch."""
        shape = self.shape(step)
        key = {
            "kind": "rank",
            "shape": asdict(shape),
            "schedule": asdict(SCHEDULE),
            "rate": RATE,
            "device": device,
            "tables": [self.tables[learner.table].table.digest for learner in learners],
            "seeds": [learner.seed for learner in learners],
        }
        return Trial(key, lambda: self._train(shape, learners, device))

    def _train(self, shape: Shape, learners: Sequence[Learner], device: str) -> Result:
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


def run_bisections(bisections: Sequence[Bisection], bench: Bench) -> list[Bisection]:
    """Run round after round while there is time, and return the bisections that came to their end."""
    while rounds := [(each, step, group) for each in bisections for step, group in each.round().items()]:
        if bench.left() < 0:
            break
        results = bench.run_all([each.trial(step, group, bench.device) for each, step, group in rounds])
        for (each, step, group), result in zip(rounds, results, strict=True):
            each.note(step, group, result)
    return [each for each in bisections if not each.round()]
