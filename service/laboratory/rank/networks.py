"""What came of the networks of one task: the altered tables, what is known of them, and how large each network had to
be.
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
    """lower_bound <= rank of the table's tensor <= upper_bound; by_answers: of that unfolding. facts: pairs.
    answer_bits: of all answers, each of those of its relation being as likely.
    """

    by_answers: int
    lower_bound: int
    upper_bound: int
    facts: int
    answer_bits: float

    @property
    def rank(self) -> float:
        """The middle of the bounds, as a factor: where they meet, the rank."""
        return float(np.sqrt(self.lower_bound * self.upper_bound))

    def figure(self, predictor: Predictor) -> float:
        return float(getattr(self, predictor))


def measure_table(altered: PerturbedTable) -> TableFigures:
    found = bound_rank(Tensor.from_table(altered.table))
    bits = targets.information(altered.table) * len(altered.table)
    by_answers = found.unfoldings[ANSWERS].least
    return TableFigures(by_answers, found.least, found.most, altered.pairs, round(bits, 1))


def correlate(knowns: Sequence[TableFigures], sizes: Sequence[float], predictor: Predictor) -> Correlation | None:
    """Of logarithms, since sizes differ by factors."""
    figures = [max(known.figure(predictor), 1.0) for known in knowns]
    return correlation(np.log(figures), np.log(sizes))


class SizedTable(NamedTuple):
    """A table, what is known of it, and its place in a search."""

    altered: PerturbedTable
    known: TableFigures
    search: Bisection
    place: int

    @property
    def parameters(self) -> float:
        return self.search.parameters(self.place)

    @property
    def beyond(self) -> bool:
        return self.search.beyond(self.place)

    @property
    def at_an_end(self) -> bool:
        """Whether a seed's network is the smallest that was tried, or larger than all of them."""
        return self.beyond or 0 in self.search.placed(self.place)


@dataclass
class TaskNetworks:
    """searches: those that were made, by kind; they may have tables of other tasks as well."""

    task: Task
    tables: Sequence[PerturbedTable]
    searches: dict[LayerKind, Bisection] = field(default_factory=dict)

    @cached_property
    def knowns(self) -> list[TableFigures]:
        return [measure_table(table) for table in self.tables]

    def sized(self, kind: LayerKind) -> list[SizedTable]:
        """The task's own tables that were in the search of a kind, the table as it is first."""
        search = self.searches[kind]
        places = {id(table): place for place, table in enumerate(search.tables)}
        own = zip(self.tables, self.knowns, strict=True)
        return [SizedTable(table, known, search, places[id(table)]) for table, known in own if id(table) in places]

    def full(self, kind: LayerKind) -> list[SizedTable]:
        """Those with as many pairs as the table as it is, and one answer in each."""
        pairs = self.tables[0].pairs
        return [
            sized
            for sized in self.sized(kind)
            if sized.altered.pairs == pairs and sized.altered.kind != "second_answers"
        ]

    def predicted(self, kind: LayerKind, predictor: Predictor) -> Correlation | None:
        sized = self.sized(kind)
        return correlate([each.known for each in sized], [each.parameters for each in sized], predictor)


def learned_by(kind: LayerKind, altered: PerturbedTable) -> bool:
    """With pads, a pair's answers are one code together: a second one changes nothing."""
    return kind != "pads" or altered.kind != "second_answers"
