"""The factual-recall task of Nichani, Lee and Bietti (arXiv 2412.06538, section 4): facts drawn at random, hidden among
noise.

A sequence of T tokens has a subject and a relation at two places drawn at random, the end token last, and noise at all
others; what is asked for is the answer a*(s, r), drawn once and uniformly from the relation's own D answers.
"""

import numpy as np
from numpy.typing import NDArray

from schemas.experiments import Task
from service.laboratory.tables import Table
from service.memory import Facts

NAMED = 3
"""The tokens of a sequence that are not noise: subject, relation, end."""


def factual_recall(
    subjects: int = 32,
    relations: int = 32,
    answers: int = 8,
    *,
    length: int = 32,
    zipf_subjects: float = 0.0,
    zipf_relations: float = 0.0,
    seed: int = 0,
) -> Table:
    """All S x R facts. The D = `answers` of relation r are r D, ..., r D + D - 1: no two relations share one.

    length: T; up to 3 there is no noise. The noise vocabulary has S + R names, as in the paper's code.
    zipf: exponents with which subjects and relations are drawn in training, p(k) ~ 1 / k^zipf; 0: uniformly.
    """
    rng = np.random.default_rng(seed)
    subject, relation = (side.ravel() for side in np.indices((subjects, relations)))
    noise = max(0, length - NAMED)
    return Table(
        Task.SYNTHETIC,
        subject,
        relation,
        relation * answers + rng.integers(answers, size=subjects * relations),
        subjects,
        relations,
        relations * answers,
        noise,
        subjects + relations if noise else 0,
        _frequency(subjects, zipf_subjects, relations, zipf_relations),
    )


def to_facts(table: Table) -> Facts:
    """The table as facts with names, as a memory is taught them."""
    columns = {"subject": table.subjects, "relation": table.relations, "answer": table.answers}
    subjects, relations, answers = (
        [f"{kind} {number}" for number in column.tolist()] for kind, column in columns.items()
    )
    return Facts(subjects, relations, answers)


def _frequency(subjects: int, of_subjects: float, relations: int, of_relations: float) -> NDArray[np.float64] | None:
    if not of_subjects and not of_relations:
        return None
    return np.outer(_zipf(subjects, of_subjects), _zipf(relations, of_relations)).ravel()


def _zipf(names: int, exponent: float) -> NDArray[np.float64]:
    shares = np.arange(1, names + 1, dtype=np.float64) ** -exponent
    normed: NDArray[np.float64] = shares / shares.sum()
    return normed
