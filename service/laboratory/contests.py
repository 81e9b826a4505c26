"""Contenders of equal size on one table: which holds most, by how much, and whether that is more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from service.laboratory import intervals
from service.laboratory.coding import Coding
from service.laboratory.edges import Edge
from service.laboratory.search import C, Ladder
from service.laboratory.trainings import Network


class Rival(NamedTuple):
    """One that holds less than the best. times: how many times as many facts the best holds; None: not known."""

    name: str
    times: float | None
    interval: intervals.Interval | None

    @property
    def beaten(self) -> bool:
        return self.interval is not None and self.interval[0] > 1


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


@dataclass(frozen=True, slots=True)
class Contest(Generic[C]):
    coding: Coding
    parameters: int
    ladders: Sequence[Ladder[C]]

    def standing(self) -> Standing | None:
        """None where fewer than two contenders have an edge."""
        measured = [ladder for ladder in self.ladders if edges_of(ladder)]
        seeds = _common(measured)
        if len(measured) < 2 or not seeds:
            return None
        facts = {each.contender.name: intervals.held(_at(each, seeds))[0] for each in measured}
        ordered = sorted(measured, key=lambda each: -facts[each.contender.name])
        best = ordered[0]
        rivals = [_rival(best, other, seeds) for other in ordered[1:]]
        return Standing(best.contender.name, facts[best.contender.name], rivals, len(seeds))

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


def bits_a_parameter(ladder: Ladder[Any]) -> float | None:
    edges = edges_of(ladder)
    return intervals.held(edges)[0] * ladder.bits / ladder.contender.parameters if edges else None


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


def _common(ladders: Sequence[Ladder[Any]]) -> list[int]:
    """Seeds on which every contender has an edge."""
    found = [{seed for seed, edge in ladder.edges.items() if edge.held} for ladder in ladders]
    return sorted(set.intersection(*found)) if found else []


def _at(ladder: Ladder[Any], seeds: Sequence[int]) -> list[Edge]:
    return [ladder.edges[seed] for seed in seeds]


def _rival(best: Ladder[Any], other: Ladder[Any], seeds: Sequence[int]) -> Rival:
    found = intervals.ratio(_at(best, seeds), _at(other, seeds))
    return Rival(other.contender.name, *(found or (None, None)))
