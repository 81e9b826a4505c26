"""What comes out of a memory: columns, never rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.facts import Facts, trimmed

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
