"""What comes out of a memory: columns, never rows."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.facts import Facts, Pair, trimmed

Answers = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recalled:
    """One entry a query: `answers` (empty when unknown, sorted when several), `margins` float32 in units of the
    training target, `known`, and `ambiguous` where a name folds to several taught names.
    """

    answers: list[Answers]
    margins: NDArray[np.float32]
    known: NDArray[np.bool_]
    ambiguous: NDArray[np.bool_]


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
    """What recall needs of a memory beyond `recall` itself."""

    @property
    def relations(self) -> Sequence[str]: ...

    def candidates(self, question: str) -> list[Pair]: ...

    def within(self, relations: Container[str]) -> "Servable":
        """The memory as if it had never seen another relation: no reply of it tells whether there are others."""
        ...


class ExactTable:
    """Holds every pair under its exact code points (no second look-up)."""

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
