"""What goes into a memory and what comes out of it: columns, never rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Answers = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """One row a fact, in three columns of one length. Rows that share a pair make that pair's answer a set."""

    subjects: Sequence[str]
    relations: Sequence[str]
    answers: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.subjects) == len(self.relations) == len(self.answers):
            raise ValueError("subjects, relations and answers must have the same length")

    def __len__(self) -> int:
        return len(self.answers)


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
    for subject, relation, answer in zip(facts.subjects, facts.relations, facts.answers, strict=True):
        sets.setdefault((subject.strip(), relation.strip()), set()).add(answer)
    return {pair: tuple(sorted(answers)) for pair, answers in sets.items()}
