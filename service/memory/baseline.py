"""The exact table: what every sceptic asks for. A dict behind the memory's protocol, in every comparison."""

from collections.abc import Sequence

import numpy as np

from service.facts import Facts, trimmed
from service.memory.recalled import Answers, Recalled, answer_sets


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
