"""Small tables to train on, unperturbed and perturbed in ways that change the rank of their tensor."""

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from service.facts import Ints
from service.laboratory.tables import Table, select_facts

Perturbation = Literal["as_it_is", "noise", "empty_cells", "second_answers", "subjects_alike"]
PERTURBATIONS: tuple[Perturbation, ...] = ("noise", "empty_cells", "second_answers", "subjects_alike")

ABOUT_AS_MANY = 0.8


class PerturbedTable(NamedTuple):
    """share: of the pairs (of the subjects where kind is `subjects_alike`) that were perturbed. A pair with a second
    answer occurs in the table twice.
    """

    kind: Perturbation
    share: float
    table: Table

    @property
    def pairs(self) -> int:
        return len(np.unique(np.stack([self.table.subjects, self.table.relations]), axis=1).T)


def dense_part(table: Table, subjects: int, relations: int, seed: int) -> Table:
    """The part of a table in which few cells are empty: of the relations with nearly as many facts as any, those with
    fewest answers; then the subjects with most facts in them, drawn by the seed where equal. Without noise tokens.
    """
    held = np.bincount(table.relations, minlength=table.n_relations)
    distinct = np.unique(np.stack([table.relations, table.answers]), axis=1)
    answers = np.bincount(distinct[0], minlength=table.n_relations)
    enough = ABOUT_AS_MANY * np.sort(held)[::-1][: min(relations, len(held))][-1]
    fullest = np.flatnonzero(held >= enough)
    inside = np.isin(table.relations, fullest[np.argsort(answers[fullest], kind="stable")][:relations])
    facts = np.bincount(table.subjects[inside], minlength=table.n_subjects)
    lots = np.random.default_rng(seed).permutation(table.n_subjects)
    inside &= np.isin(table.subjects, lots[np.argsort(-facts[lots], kind="stable")][:subjects])
    return replace(select_facts(table, inside), noise=0, noise_names=0, frequency=None)


def perturb(base: Table, shares: tuple[float, ...], seed: int) -> list[PerturbedTable]:
    """The unperturbed table, then every perturbation in every share."""
    tables = [PerturbedTable("as_it_is", 0.0, base)]
    return tables + [
        PerturbedTable(kind, share, _perturb(base, kind, share, seed)) for kind in PERTURBATIONS for share in shares
    ]


def _perturb(base: Table, kind: Perturbation, share: float, seed: int) -> Table:
    """noise: any answer of the table replaces the pair's own; empty cells: pairs are removed; second answers: the pair
    gets one more answer of the table; subjects alike: they answer as the first one wherever both have an answer.
    """
    rng = np.random.default_rng([seed, PERTURBATIONS.index(kind)])
    pairs = np.sort(rng.permutation(len(base))[: round(share * len(base))])
    if kind == "empty_cells":
        return _keep(base, np.delete(np.arange(len(base)), pairs))
    if kind == "noise":
        answers = base.answers.copy()
        answers[pairs] = rng.integers(base.n_answers, size=len(pairs))
        return replace(base, answers=answers)
    if kind == "second_answers":
        return _add_second_answers(base, pairs, rng)
    return replace(base, answers=_make_alike(base, 1 + np.arange(round(share * (base.n_subjects - 1)))))


def _add_second_answers(base: Table, pairs: Ints, rng: np.random.Generator) -> Table:
    second = _keep(base, pairs)
    others = (second.answers + rng.integers(1, max(2, base.n_answers), size=len(pairs))) % base.n_answers
    return replace(
        base,
        subjects=np.concatenate([base.subjects, second.subjects]),
        relations=np.concatenate([base.relations, second.relations]),
        answers=np.concatenate([base.answers, others]),
    )


def _make_alike(base: Table, subjects: Ints) -> Ints:
    """The answers of the table, these subjects answering as subject 0 does."""
    first = np.full(base.n_relations, -1)
    own = base.subjects == 0
    first[base.relations[own]] = base.answers[own]
    shared = np.isin(base.subjects, subjects) & (first[base.relations] >= 0)
    return np.where(shared, first[base.relations], base.answers)


def _keep(base: Table, rows: Ints) -> Table:
    return replace(base, subjects=base.subjects[rows], relations=base.relations[rows], answers=base.answers[rows])
