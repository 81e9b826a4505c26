"""Alterations of a small table, and what they do to its rank."""

import numpy as np
import pytest

from service.laboratory.rank.bounds import Bounds, bound_rank
from service.laboratory.rank.perturbed import PERTURBATIONS, PerturbedTable, dense_part, perturb
from service.laboratory.rank.tensor import Tensor
from service.laboratory.synthetic import factual_recall
from service.laboratory.tables import Table


@pytest.fixture(scope="module")
def base() -> Table:
    """Twelve subjects, six relations, every cell full, six answers to each relation."""
    return dense_part(factual_recall(20, 10, 6), 12, 6, seed=0)


@pytest.fixture(scope="module")
def tables(base: Table) -> dict[tuple[str, float], PerturbedTable]:
    return {(table.kind, table.share): table for table in perturb(base, (0.5,), seed=0)}


def ranked(table: PerturbedTable) -> Bounds:
    return bound_rank(Tensor.from_table(table.table))


def test_the_part_is_dense(base: Table) -> None:
    """Of a table with empty cells, the fullest relations and subjects are taken, and the noise stays away."""
    assert (len(base), base.n_subjects, base.n_relations, base.noise) == (72, 12, 6, 0)
    full = factual_recall(20, 10, 6)
    kept = (full.relations < 4) | (full.subjects < 3)
    holed = Table(full.task, full.subjects[kept], full.relations[kept], full.answers[kept], 20, 10, 60)
    assert len(dense_part(holed, 12, 4, seed=0)) == 48


def test_alterations_change_what_they_say(base: Table, tables: dict[tuple[str, float], PerturbedTable]) -> None:
    """Pairs stay but where cells are emptied; a second answer is another one; the table as it is comes first."""
    assert list(tables) == [("as_it_is", 0.0), *((kind, 0.5) for kind in PERTURBATIONS)]
    assert {kind: table.pairs for (kind, _), table in tables.items()} == {
        "as_it_is": 72,
        "noise": 72,
        "empty_cells": 36,
        "second_answers": 72,
        "subjects_alike": 72,
    }
    second = tables["second_answers", 0.5].table
    triples = np.stack([second.subjects, second.relations, second.answers])
    assert len(np.unique(triples, axis=1).T) == len(second) == 72 + 36
    noise = tables["noise", 0.5].table
    assert 18 < int((noise.answers != base.answers).sum()) <= 36


def test_what_alterations_do_to_the_rank(tables: dict[tuple[str, float], PerturbedTable]) -> None:
    """Empty cells and subjects alike lower it; noise and second answers raise its upper bound."""
    whole = ranked(tables["as_it_is", 0.0])
    assert whole.exact
    assert ranked(tables["empty_cells", 0.5]).most <= whole.least
    assert ranked(tables["subjects_alike", 0.5]).most < whole.least
    assert ranked(tables["noise", 0.5]).most > whole.most
    assert ranked(tables["second_answers", 0.5]).most > whole.most


def test_subjects_alike_answer_alike(tables: dict[tuple[str, float], PerturbedTable]) -> None:
    """Half of the other subjects get every answer of the first."""
    table = tables["subjects_alike", 0.5].table
    rows = np.empty((12, 6), dtype=np.int64)
    rows[table.subjects, table.relations] = table.answers
    assert int((rows == rows[0]).all(axis=1).sum()) == 7


def test_the_seed_decides(base: Table) -> None:
    """The same tables again with the same seed, others with another."""
    digests = [[table.table.digest for table in perturb(base, (0.5,), seed)] for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


def test_a_table_with_one_answer() -> None:
    """Nothing can be altered but its cells: every kind is still a table."""
    s, r = (side.ravel() for side in np.indices((6, 4)))
    table = Table(factual_recall(2, 2).task, s, r, np.zeros(24, dtype=np.int64), 6, 4, 1)
    assert [ranked(altered).least for altered in perturb(table, (0.5,), 0) if altered.kind != "empty_cells"] == [1] * 4
