"""What came of the networks of one task: the altered tables, what is known of them, and how large each network had to
be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from schemas.experiments import Task
from service.laboratory.ranks.altered import Altered
from service.laboratory.ranks.predictions import Known, known
from service.laboratory.ranks.search import Kind, Search


@dataclass
class Trained:
    """searches: those that were made, by kind."""

    task: Task
    tables: Sequence[Altered]
    searches: dict[Kind, Search] = field(default_factory=dict)

    def search(self, kind: Kind, seeds: int) -> Search:
        """A new one. With pads, a pair's answers are one code together: a second one changes nothing."""
        tables = [table for table in self.tables if kind != "pads" or table.kind != "second"]
        return Search(kind, tables, seeds)

    @cached_property
    def knowns(self) -> list[Known]:
        return [known(table) for table in self.tables]

    def knowns_of(self, search: Search) -> list[Known]:
        return [
            known
            for table, known in zip(self.tables, self.knowns, strict=True)
            if any(table is other for other in search.tables)
        ]

    def full(self, search: Search) -> list[int]:
        """Which of its tables have as many pairs as the table as it is, and one answer in each."""
        pairs = self.tables[0].pairs
        return [at for at, table in enumerate(search.tables) if table.pairs == pairs and table.kind != "second"]

    def spread(self, kind: Kind) -> tuple[float, float]:
        """Parameters of the smallest networks for these: the least and the most."""
        search = self.searches[kind]
        sizes = [search.parameters(at) for at in self.full(search)]
        return min(sizes), max(sizes)
