"""What came of the networks of one task: the altered tables, what is known of them, and how large each network had to
be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from schemas.experiments import Task
from service.laboratory.rank.perturbed import Altered
from service.laboratory.rank.predictions import Known, Predictor, known, predicted
from service.laboratory.rank.search import Kind, Search
from service.statistics import Correlation


class Sized(NamedTuple):
    """A table, what is known of it, and its place in a search."""

    altered: Altered
    known: Known
    search: Search
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
class Trained:
    """searches: those that were made, by kind; they may have tables of other tasks as well."""

    task: Task
    tables: Sequence[Altered]
    searches: dict[Kind, Search] = field(default_factory=dict)

    @cached_property
    def knowns(self) -> list[Known]:
        return [known(table) for table in self.tables]

    def sized(self, kind: Kind) -> list[Sized]:
        """The task's own tables that were in the search of a kind, the table as it is first."""
        search = self.searches[kind]
        places = {id(table): place for place, table in enumerate(search.tables)}
        own = zip(self.tables, self.knowns, strict=True)
        return [Sized(table, known, search, places[id(table)]) for table, known in own if id(table) in places]

    def full(self, kind: Kind) -> list[Sized]:
        """Those with as many pairs as the table as it is, and one answer in each."""
        pairs = self.tables[0].pairs
        return [
            sized
            for sized in self.sized(kind)
            if sized.altered.pairs == pairs and sized.altered.kind != "second_answers"
        ]

    def predicted(self, kind: Kind, predictor: Predictor) -> Correlation | None:
        sized = self.sized(kind)
        return predicted([each.known for each in sized], [each.parameters for each in sized], predictor)


def learned_by(kind: Kind, altered: Altered) -> bool:
    """With pads, a pair's answers are one code together: a second one changes nothing."""
    return kind != "pads" or altered.kind != "second_answers"
