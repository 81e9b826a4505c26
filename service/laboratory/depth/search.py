"""The search for the largest number of facts that stacks of layers hold, within the time there is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from schemas.experiments import Task
from service.laboratory.bench import Asked, Bench, Trial
from service.laboratory.depth.stacks import DEPTHS, Stack, Tried, drawn, tried
from service.laboratory.document import Findings
from service.laboratory.edges import Edge, edge, finer, ladder
from service.laboratory.sentences import said
from service.laboratory.tables import Table

SEEDS = 3
_ROUNDS = 3
_EXPECTED = {1: 0.17, 2: 0.1, 3: 0.07, 4: 0.06}
"""Facts a parameter, by layers, as measured on random facts: where the first rungs stand."""
_ROOM = 1.0
"""The most facts a parameter that are tried."""
_FINE = 1.2


@dataclass
class Climb:
    """What was tried of one number of layers on one task: by seed, which numbers of facts were held."""

    task: Task
    stack: Stack
    most: int
    rungs: dict[int, dict[int, bool]] = field(default_factory=dict)
    held: list[Tried] = field(default_factory=list)

    @classmethod
    def of(cls, stack: Stack, table: Table) -> "Climb":
        return cls(table.task, stack, min(int(_ROOM * stack.parameters), len(table)))

    @property
    def edges(self) -> list[Edge]:
        return [edge(of_seed) for of_seed in self.rungs.values()]

    @property
    def found(self) -> list[Edge]:
        """Edges of the seeds that have one: a number that is held, with more successes below it than failures."""
        return [at for at in self.edges if at.held]

    @property
    def known(self) -> bool:
        """Whether a seed has an edge."""
        return bool(self.found)

    @property
    def bounded(self) -> bool:
        """Whether a seed holds every fact that there is to be tried, so that nothing is said of how many it could."""
        return any(at.held >= self.most for at in self.edges)

    def next(self, seed: int) -> list[int]:
        """Rungs around what is expected or known, then between those at the edge; none when that is fine enough."""
        if seed in self.rungs:
            return finer(self.rungs[seed], self.most, _FINE, 2)
        known = [at.held for at in self.edges if at.held]
        middle = sum(known) / len(known) if known else _EXPECTED[self.stack.layers] * self.stack.parameters
        return ladder(middle, self.most, 1.15 if known else 1.4, 3)

    def note(self, seed: int, found: Sequence[Tried]) -> None:
        self.rungs.setdefault(seed, {}).update({network.facts: network.held for network in found})
        self.held += [network for network in found if network.held]


def search(climbs: Sequence[Climb], asked: Asked, bench: Bench, findings: Findings) -> None:
    """Rounds of trials until time or work is at an end; a round that would not end in time is not begun."""
    longest = 0.0
    for seed in range(asked.request.seed, asked.request.seed + SEEDS):
        for _ in range(_ROUNDS):
            for batch in _pairs(climbs, seed, asked, bench.device):
                if longest and bench.left() < longest:
                    findings.left_out.append(said("rungs_left_out", seconds=asked.request.seconds))
                    return
                start = bench.elapsed()
                for (each, _), result in zip(batch, bench.all([trial for _, trial in batch]), strict=True):
                    each.note(seed, tried(result))
                longest = max(longest, bench.elapsed() - start)


def _pairs(climbs: Sequence[Climb], seed: int, asked: Asked, device: str) -> Iterator[list[tuple[Climb, Trial]]]:
    """The tasks of one number of layers at a time, each with its next rungs."""
    for layers in DEPTHS:
        batch = []
        for each in climbs:
            if each.stack.layers == layers and (counts := each.next(seed)):
                table = drawn(asked.tables[each.task], each.most, seed)
                batch.append((each, each.stack.trial(table, counts, seed, device)))
        if batch:
            yield batch
