"""Parts of a table that suit a question: facts that share relations and subjects, numbered anew."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.facts import Ints
from service.laboratory.tables import Table
from service.memory import Facts


def chosen(table: Table, facts: NDArray[np.bool_] | Ints) -> Table:
    """These facts; names and answers that do not occur in them are gone, the others numbered from 0."""
    subjects, relations, answers = (column[facts] for column in (table.subjects, table.relations, table.answers))
    (s, n_s), (r, n_r), (a, n_a) = map(_numbered, (subjects, relations, answers))
    frequency = None if table.frequency is None else table.frequency[facts] / table.frequency[facts].sum()
    counts: dict[str, Any] = {"n_subjects": n_s, "n_relations": n_r, "n_answers": n_a}
    return replace(table, subjects=s, relations=r, answers=a, frequency=frequency, numbered=None, **counts)


def sampled(facts: Facts, most: int, seed: int) -> Facts:
    """At most so many of a dictionary's facts, drawn by the seed, in their own order."""
    if len(facts) <= most:
        return facts
    drawn = np.sort(np.random.default_rng(seed).permutation(len(facts))[:most]).tolist()
    columns = facts.subjects, facts.relations, facts.answers
    return Facts(*([column[at] for at in drawn] for column in columns))


def crowded(table: Table, relations: int, facts: int, seed: int) -> Table:
    """At most `facts` facts of the relations that have most, subject by subject in an order drawn by the seed: few
    relations with many facts each, and subjects that have several.
    """
    counts = np.bincount(table.relations, minlength=table.n_relations)
    largest = np.argsort(-counts, kind="stable")[:relations]
    of_these = np.flatnonzero(np.isin(table.relations, largest))
    turn = np.random.default_rng(seed).permutation(table.n_subjects)
    order = np.argsort(turn[table.subjects[of_these]], kind="stable")
    return chosen(table, np.sort(of_these[order[:facts]]))


def _numbered(column: Ints) -> tuple[Ints, int]:
    names, numbers = np.unique(column, return_inverse=True)
    return numbers.astype(np.int64), len(names)
