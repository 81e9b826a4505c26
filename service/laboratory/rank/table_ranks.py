"""The ranks of a whole table: the bounds of its tensor, and the rank of every relation."""

from typing import NamedTuple

import numpy as np

from schemas.experiments import Task
from service.facts import trimmed
from service.laboratory.bench import Inputs
from service.laboratory.rank.bounds import Bounds, bound_rank, relation_ranks
from service.laboratory.rank.tensor import ANSWERS, RELATIONS, SUBJECTS, Tensor
from service.laboratory.rank.unfolding import Rank
from service.laboratory.tables import sample_facts

FACTS_A_SECOND = 20_000
"""Of a table with more facts than this for each second allowed, only a sample is examined."""


class Relation(NamedTuple):
    name: str
    facts: int
    subjects: int
    answers: int
    rank: Rank


class TableRanks(NamedTuple):
    """facts: how many of the table's `of` facts were examined."""

    task: Task
    tensor: Tensor
    bounds: Bounds
    relations: list[Relation]
    facts: int
    of: int


def compute_table_ranks(task: Task, inputs: Inputs) -> TableRanks:
    """Compute the ranks of the dictionary as it is in the ledger, where a pair may have several ones, or of the task's
    table.
    """
    tensor, names, of = _tensor(task, inputs)
    counts = [_count(tensor, *modes) for modes in ([], [SUBJECTS], [ANSWERS])]
    relations = list(map(Relation, names, *counts, relation_ranks(tensor)))
    return TableRanks(task, tensor, bound_rank(tensor, seed=inputs.request.seed), relations, len(tensor), of)


def _tensor(task: Task, inputs: Inputs) -> tuple[Tensor, list[str], int]:
    if task is Task.SYNTHETIC:
        table = inputs.tables[task]
        return Tensor.from_table(table), [str(relation) for relation in np.unique(table.relations)], len(table)
    facts = sample_facts(inputs.facts, int(FACTS_A_SECOND * inputs.request.seconds), inputs.request.seed)
    tensor, names = Tensor.from_facts(facts), list(dict.fromkeys(trimmed(name) for name in facts.relations))
    return tensor, names, len(tensor) if facts is inputs.facts else len(inputs.facts)


def _count(tensor: Tensor, *modes: int) -> list[int]:
    """How many ones each relation has; with a mode, how many indices of that mode."""
    ones = tensor.ones[:, [RELATIONS, *modes]]
    counts: list[int] = np.bincount((np.unique(ones, axis=0) if modes else ones)[:, 0]).tolist()
    return counts
