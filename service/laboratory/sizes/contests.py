"""Contenders of equal size on one table: which holds most, by how much, and whether that is more than chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from service.laboratory import intervals
from service.laboratory.edges import Edge
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.search import C, Ladder
from service.laboratory.sizes.trainings import Network


class Rival(NamedTuple):
    """One that holds less than the best. ratio: of what the best holds to what it holds; None: not known."""

    name: str
    ratio: intervals.Ratio | None

    @property
    def beaten(self) -> bool:
        return self.ratio is not None and self.ratio.low > 1


@dataclass(frozen=True, slots=True)
class Standing:
    """The best and its rivals, nearest first. seeds: on how many the two ends of every comparison were measured."""

    best: str
    facts: float
    rivals: list[Rival]
    seeds: int

    @property
    def decided(self) -> bool:
        return bool(self.rivals) and all(rival.beaten for rival in self.rivals)

    @property
    def beaten(self) -> list[str]:
        return [rival.name for rival in self.rivals if rival.beaten]

    @property
    def equal(self) -> list[str]:
        """Those that hold exactly as many, on the mean of the seeds."""
        return [rival.name for rival in self.rivals if rival.ratio and math.isclose(rival.ratio.times, 1.0)]

    @property
    def as_good(self) -> list[str]:
        """Those that are not told apart from the best."""
        return [rival.name for rival in self.rivals if not rival.beaten]


@dataclass(frozen=True, slots=True)
class Contest(Generic[C]):
    coding: Coding
    parameters: int
    ladders: Sequence[Ladder[C]]

    def standing(self) -> Standing | None:
        """None where fewer than two contenders were tried on the same seeds, or none of them held anything."""
        tried = [ladder for ladder in self.ladders if ladder.tried]
        seeds = sorted(set.intersection(*(set(ladder.tried) for ladder in tried))) if tried else []
        if len(tried) < 2 or not seeds:
            return None
        best, *others = sorted(tried, key=lambda ladder: -_logarithms(ladder, seeds))
        if any(best.edges[seed].held == 0 for seed in seeds):
            return None
        facts = intervals.held([best.edges[seed] for seed in seeds])[0]
        return Standing(best.contender.name, facts, [_rival(best, other, seeds) for other in others], len(seeds))

    @property
    def common_load(self) -> int | None:
        """The smallest number of facts that was tried on every contender and that not all of them held."""
        recalls = [recall_by_load(ladder) for ladder in self.ladders]
        tried = set.intersection(*map(set, recalls))
        return next((load for load in sorted(tried) if any(recall[load][0] < 1 for recall in recalls)), None)

    @property
    def all_held(self) -> bool:
        """Whether some contender holds the whole table: then the table is too small to tell how much it holds."""
        return any(edge.held == len(self.coding.table) for ladder in self.ladders for edge in ladder.edges.values())


def edges_of(ladder: Ladder[Any]) -> list[Edge]:
    """Edges of the seeds that have one."""
    return [edge for edge in ladder.edges.values() if edge.held]


def recall_by_load(ladder: Ladder[Any]) -> dict[int, tuple[float, int]]:
    """The share of facts held as stored, by how many were taught: of the better rate of each seed, on average, and over
    how many seeds.
    """
    best: dict[tuple[int, int], Network] = {}
    for network in ladder.found:
        at = network.facts, network.seed
        if at not in best or network.stored > best[at].stored:
            best[at] = network
    by_load: dict[int, list[float]] = {}
    for (facts, _), network in sorted(best.items()):
        by_load.setdefault(facts, []).append(network.stored / facts)
    return {facts: (intervals.mean(shares), len(shares)) for facts, shares in by_load.items()}


def _logarithms(ladder: Ladder[Any], seeds: Sequence[int]) -> float:
    """Mean logarithm of the facts held; where nothing was, of half the lowest rung."""
    return intervals.mean([math.log(ladder.edges[seed].held or ladder.edges[seed].least / 2) for seed in seeds])


def _rival(best: Ladder[Any], other: Ladder[Any], seeds: Sequence[int]) -> Rival:
    of_best, of_other = ([ladder.edges[seed] for seed in seeds] for ladder in (best, other))
    return Rival(other.contender.name, intervals.ratio(of_best, of_other))
