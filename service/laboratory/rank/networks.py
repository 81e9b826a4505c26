"""The networks of one task: the perturbed tables, what was known of each before training, and how large the network
that held it had to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from schemas.experiments import Task
from service.laboratory import targets
from service.laboratory.rank.bisection import Bisection, LayerKind
from service.laboratory.rank.bounds import bound_rank
from service.laboratory.rank.perturbed import PerturbedTable
from service.laboratory.rank.tensor import ANSWERS, Tensor
from service.statistics import Correlation, correlation

Predictor = Literal["rank", "lower_bound", "upper_bound", "facts", "answer_bits"]
PREDICTORS: tuple[Predictor, ...] = ("rank", "lower_bound", "upper_bound", "facts", "answer_bits")


class TableFigures(NamedTuple):
    """What is known of a table before a network is trained. lower_bound <= rank of its tensor <= upper_bound;
    by_answers: the rank of that unfolding; facts: pairs; answer_bits: of all answers, where a relation's are equally
    likely.
    """

    by_answers: int
    lower_bound: int
    upper_bound: int
    facts: int
    answer_bits: float

    @property
    def rank(self) -> float:
        """The geometric mean of the bounds, which is the rank where they meet."""
        return float(np.sqrt(self.lower_bound * self.upper_bound))

    def figure(self, predictor: Predictor) -> float:
        return float(getattr(self, predictor))


def measure_table(perturbed: PerturbedTable) -> TableFigures:
    found = bound_rank(Tensor.from_table(perturbed.table))
    bits = targets.information(perturbed.table) * len(perturbed.table)
    by_answers = found.unfoldings[ANSWERS].least
    return TableFigures(by_answers, found.least, found.most, perturbed.pairs, round(bits, 1))


def correlate(figures: Sequence[TableFigures], sizes: Sequence[float], predictor: Predictor) -> Correlation | None:
    """The correlation of logarithms, since sizes differ by factors."""
    values = [max(each.figure(predictor), 1.0) for each in figures]
    return correlation(np.log(values), np.log(sizes))


class SizedTable(NamedTuple):
    """A table, its figures, and its place in a bisection."""

    perturbed: PerturbedTable
    figures: TableFigures
    bisection: Bisection
    place: int

    @property
    def parameters(self) -> float:
        return self.bisection.parameters(self.place)

    @property
    def beyond(self) -> bool:
        return self.bisection.is_beyond(self.place)

    @property
    def at_an_end(self) -> bool:
        """Whether a seed's network is the smallest that was tried, or larger than all of them."""
        return self.beyond or 0 in self.bisection.smallest(self.place)


@dataclass
class TaskNetworks:
    """bisections: those that ended, by kind. They may have tables of other tasks as well."""

    task: Task
    tables: Sequence[PerturbedTable]
    bisections: dict[LayerKind, Bisection] = field(default_factory=dict)

    @cached_property
    def figures(self) -> list[TableFigures]:
        return [measure_table(table) for table in self.tables]

    def sizes(self, kind: LayerKind) -> list[SizedTable]:
        """The task's own tables in the bisection of a kind, the unperturbed one first."""
        bisection = self.bisections[kind]
        places = {id(table): place for place, table in enumerate(bisection.tables)}
        own = zip(self.tables, self.figures, strict=True)
        return [SizedTable(table, each, bisection, places[id(table)]) for table, each in own if id(table) in places]

    def full_sizes(self, kind: LayerKind) -> list[SizedTable]:
        """The tables with as many pairs as the unperturbed one, and one answer in each."""
        pairs = self.tables[0].pairs
        return [
            sized
            for sized in self.sizes(kind)
            if sized.perturbed.pairs == pairs and sized.perturbed.kind != "second_answers"
        ]

    def correlate(self, kind: LayerKind, predictor: Predictor) -> Correlation | None:
        sized = self.sizes(kind)
        return correlate([each.figures for each in sized], [each.parameters for each in sized], predictor)


def learns(kind: LayerKind, perturbed: PerturbedTable) -> bool:
    """Whether a network of this kind learns the table. With pads, all answers of a pair are one code together, so that
    a second answer changes nothing.
    """
    return kind != "pads" or perturbed.kind != "second_answers"
