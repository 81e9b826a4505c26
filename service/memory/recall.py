"""Recall: what can be asked and what comes back, in columns; and the exact table, to compare memories with."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from service.facts import Facts, Pair, trimmed

Answers = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recalled:
    """One entry a query: `answers` (empty when unknown, sorted when several), `margins` float32 in units of the
    training target, `known`, and `ambiguous` where a name folds to several taught names.
    """

    answers: list[Answers]
    margins: Float32[ndarray, " n"]
    known: Bool[ndarray, " n"]
    ambiguous: Bool[ndarray, " n"]


@dataclass(frozen=True, slots=True)
class Verified:
    """Pairs asked = right + wrong + abstained; `failing` names those that are not right."""

    asked: int
    right: int
    wrong: int
    abstained: int
    failing: list[tuple[str, str]]
    seconds: float


class Recalls(Protocol):
    """What the memory and the exact table have in common."""

    def recall(self, subjects: Sequence[str], relations: Sequence[str]) -> Recalled: ...


def answer_sets(facts: Facts) -> dict[tuple[str, str], Answers]:
    """Each pair's answers, sorted; names without the white space at their ends, answers as they are."""
    sets: dict[tuple[str, str], set[str]] = {}
    for subject, relation, answer in facts.rows():
        sets.setdefault((trimmed(subject), trimmed(relation)), set()).add(answer)
    return {pair: tuple(sorted(answers)) for pair, answers in sets.items()}


class Servable(Recalls, Protocol):
    """A memory, or a view of one, that the service can serve."""

    @property
    def relations(self) -> Sequence[str]: ...

    def candidates(self, question: str) -> list[Pair]: ...

    def within(self, relations: Container[str]) -> "Servable":
        """The memory as if it had never seen another relation: no reply of it tells whether there are others."""
        ...


class ExactTable:
    """A dict with the interface of the memory: holds every pair under its exact code points, with no second look-up."""

    def __init__(self, facts: Facts) -> None:
        self._table = answer_sets(facts)

    def recall(self, subjects: Sequence[str], relations: Sequence[str]) -> Recalled:
        nothing: Answers = ()
        get = self._table.get
        answers = [
            get((trimmed(subject), trimmed(relation)), nothing)
            for subject, relation in zip(subjects, relations, strict=True)
        ]
        known = np.fromiter((bool(held) for held in answers), dtype=np.bool_, count=len(answers))
        return Recalled(answers, known.astype(np.float32), known, np.zeros(len(answers), dtype=np.bool_))
