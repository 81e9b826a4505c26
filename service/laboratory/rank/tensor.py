"""A table as a 3-tensor D of zeros and ones: D[s, r, a] = 1 where a is an answer of the pair (s, r)."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray

from service.facts import Ints, trimmed
from service.laboratory.tables import Table
from service.memory import Facts

SUBJECTS, RELATIONS, ANSWERS = 0, 1, 2
"""The tensor's modes."""


@dataclass(frozen=True)
class Tensor:
    """ones: the places of its ones, each once and in order. Every index of a mode, from 0 on, is in use."""

    ones: Int64[ndarray, "n 3"]

    def __len__(self) -> int:
        return len(self.ones)

    @classmethod
    def from_columns(
        cls,
        subjects: Int64[ndarray, " places"],
        relations: Int64[ndarray, " places"],
        answers: Int64[ndarray, " places"],
    ) -> "Tensor":
        """The tensor with ones at the places that the three columns give, renumbered."""
        columns = [np.unique(column, return_inverse=True)[1] for column in (subjects, relations, answers)]
        return cls(np.unique(np.stack(columns, axis=1).astype(np.int64), axis=0))

    @classmethod
    def from_facts(cls, facts: Facts) -> "Tensor":
        """A dictionary's tensor, in which a pair with several answers has several ones."""
        return cls.from_columns(
            _number(trimmed(name) for name in facts.subjects),
            _number(trimmed(name) for name in facts.relations),
            _number(facts.answers),
        )

    @classmethod
    def from_table(cls, table: Table) -> "Tensor":
        return cls.from_columns(table.subjects, table.relations, table.answers)

    @property
    def shape(self) -> tuple[int, int, int]:
        s, r, a = (int(size) + 1 for size in self.ones.max(axis=0, initial=-1))
        return s, r, a

    def unfolding(self, mode: int) -> tuple[Int64[ndarray, " n"], Int64[ndarray, " n"]]:
        """The rows and columns of the ones of the matrix that has the mode's indices as rows, and a column for every
        pair of the other two that is in use.
        """
        return self.ones[:, mode], self.fibres(mode)

    def fibres(self, mode: int) -> Int64[ndarray, " n"]:
        """The number of the fibre along a mode in which each one lies."""
        before, after = (other for other in (0, 1, 2) if other != mode)
        key = self.ones[:, before] * (self.ones[:, after].max(initial=0) + 1) + self.ones[:, after]
        return np.unique(key, return_inverse=True)[1].astype(np.int64)

    def merged(self) -> "Tensor":
        """The tensor with equal slices of all modes merged until none are left, which changes no rank."""
        tensor, size = self, len(self) + 1
        while len(tensor) < size:
            size = len(tensor)
            for mode in (0, 1, 2):
                keep = first_of_equals(*tensor.unfolding(mode))
                tensor = Tensor.from_columns(*tensor.ones[keep[tensor.ones[:, mode]]].T)
        return tensor


def first_of_equals(rows: Int64[ndarray, " n"], columns: Int64[ndarray, " n"]) -> Bool[ndarray, " height"]:
    """Whether each row of a matrix, given by the places of its ones, differs from all earlier rows."""
    order = np.lexsort((columns, rows))
    starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    keep = np.zeros(int(rows.max(initial=-1)) + 1, dtype=bool)
    seen: set[bytes] = set()
    rows, columns = rows[order], columns[order]
    for start, end in pairwise([*starts, len(rows)]):
        row = columns[start:end].tobytes()
        keep[rows[start]] = row not in seen
        seen.add(row)
    return keep


def _number(names: Iterable[str]) -> Ints:
    number: dict[str, int] = {}
    return np.array([number.setdefault(name, len(number)) for name in names], dtype=np.int64)
