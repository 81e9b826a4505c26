"""The stage of a training in which the relation is known and the subject is not, and the loss that theory expects."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.experiments import Task
from service.laboratory.tables import Table
from service.memory.gradient import Moment


@dataclass(frozen=True, slots=True)
class Stage:
    """The moments from `first` to `last` (positions in the curve) in which most facts get an answer of the right
    relation, and most of these a wrong one; worst: the one with most wrong ones.
    """

    first: int
    last: int
    worst: int


def average_curves(curves: Sequence[Sequence[Moment]]) -> list[Moment]:
    """The mean of several curves of the same steps, with counts rounded."""
    return [_mean(moments) for moments in zip(*curves, strict=True)]


def _mean(moments: Sequence[Moment]) -> Moment:
    _, loss, right, relation_only = np.mean(np.array(moments), axis=0).tolist()
    return Moment(moments[0].step, loss, round(right), round(relation_only))


def find_stage(curve: Sequence[Moment], table: Table) -> Stage | None:
    """The longest run of moments in which the relation is known and the subject is not; None where there is none.

    A relation is known when more than half of the facts that guessing would miss get one of its answers. The more of
    all answers a relation has, the more often a guess is right.
    """
    facts, guessed = len(table), chance_of_relation(table)
    known = facts * (1 + guessed) / 2
    inside = [moment.relation_only > moment.right and moment.right + moment.relation_only > known for moment in curve]
    first, length, start = 0, 0, 0
    for at, within in enumerate([*inside, False]):
        if not within:
            first, length = (start, at - start) if at - start > length else (first, length)
            start = at + 1
    if table.n_relations < 2 or not length:
        return None
    worst = max(range(first, first + length), key=lambda at: curve[at].relation_only)
    return Stage(first, first + length - 1, worst)


def loss_plateaus(table: Table) -> tuple[float, float]:
    """The loss in nats of a network that knows only which answers there are, and of one that knows only the relation.

    On the synthetic task log(relations x D) and log D, as in the paper; on a dictionary, whose answers are not all
    alike frequent, the second is the entropy of the answer given the relation.
    """
    if table.task is Task.SYNTHETIC:
        distinct = np.unique(np.stack([table.relations, table.answers]), axis=1)[0]
        return math.log(table.n_answers), float(np.log(np.bincount(distinct))[table.relations].mean())
    pairs, counts = np.unique(np.stack([table.relations, table.answers]), axis=1, return_counts=True)
    of_relation = np.bincount(table.relations)[pairs[0]]
    return math.log(table.n_answers), float(-(counts * np.log(counts / of_relation)).sum() / len(table))


def chance_of_relation(table: Table) -> float:
    """How often the answer of a fact drawn at random is one that the relation of another one has: 1 / R where R equally
    frequent relations share none, 1 where all share all.
    """
    pairs = np.unique(np.stack([table.relations, table.answers]), axis=1)
    frequency = np.bincount(table.answers, minlength=table.n_answers) / len(table)
    within = np.bincount(pairs[0], frequency[pairs[1]], minlength=table.n_relations)
    return float(within[table.relations].mean())
