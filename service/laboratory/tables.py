"""A table of facts as numbers: what an experiment learns."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schemas.experiments import Task
from service.facts import Ints, trimmed
from service.memory import Facts


@dataclass(frozen=True)
class Table:
    """Pairs and the answer (set) of each, by number: subjects, relations, answers, (n,). Answers are numbered through
    all relations. noise, noise_names: tokens around subject and relation in every sequence, and out of how many.
    frequency: how often each pair is met in training, (n,), as shares of one; None: all alike.
    numbered: the number of each pair's answer within its relation, (n,), where it is that of a larger table; None: as
    in this one.
    """

    task: Task
    subjects: Ints
    relations: Ints
    answers: Ints
    n_subjects: int
    n_relations: int
    n_answers: int
    noise: int = 0
    noise_names: int = 0
    frequency: NDArray[np.float64] | None = None
    numbered: Ints | None = None

    def __len__(self) -> int:
        return len(self.subjects)

    @classmethod
    def of(cls, facts: Facts) -> "Table":
        """A dictionary's pairs in the order of their names, so that the order of an upload leaves no trace."""
        answers: dict[tuple[str, str], set[str]] = {}
        for subject, relation, answer in facts.rows():
            answers.setdefault((trimmed(subject), trimmed(relation)), set()).add(answer)
        pairs = sorted(answers)
        subjects, relations = ([pair[at] for pair in pairs] for at in (0, 1))
        sets = [tuple(sorted(answers[pair])) for pair in pairs]
        columns = [_numbered(column) for column in (subjects, relations, sets)]
        (s, n_s), (r, n_r), (a, n_a) = columns
        return cls(Task.DICTIONARY, s, r, a, n_s, n_r, n_a)

    def part(self, facts: int, seed: int) -> "Table":
        """`facts` of the pairs, drawn by the seed: a smaller part is contained in every larger one."""
        chosen = np.sort(np.random.default_rng(seed).permutation(len(self))[:facts])
        frequency = None if self.frequency is None else self.frequency[chosen] / self.frequency[chosen].sum()
        return replace(
            self,
            subjects=self.subjects[chosen],
            relations=self.relations[chosen],
            answers=self.answers[chosen],
            frequency=frequency,
            numbered=self.numbers[chosen],
        )

    @cached_property
    def numbers(self) -> Ints:
        """The number of each pair's answer among those of its relation, (n,), from 0 on: what tells them apart."""
        if self.numbered is not None:
            return self.numbered
        both = np.stack([self.relations, self.answers])
        distinct, place = np.unique(both, axis=1, return_inverse=True)
        first = np.searchsorted(distinct[0], distinct[0])  # where the answers of each one's relation begin
        within: Ints = (np.arange(distinct.shape[1]) - first)[place.reshape(-1)].astype(np.int64)
        return within

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything in it: the part of a trial's key that stands for the facts."""
        counts = self.n_subjects, self.n_relations, self.n_answers, self.noise, self.noise_names
        columns = [column.astype("<i8").tobytes() for column in (self.subjects, self.relations, self.answers)]
        frequency = [] if self.frequency is None else [self.frequency.astype("<f8").tobytes()]
        return hashlib.sha256(b"".join([repr(counts).encode(), *columns, *frequency])).hexdigest()


def _numbered(names: "list[str] | list[tuple[str, ...]]") -> tuple[Ints, int]:
    """Each name's number in the order of names, and how many there are."""
    number = {name: at for at, name in enumerate(sorted(set(names)))}  # type: ignore[type-var]
    return np.array([number[name] for name in names], dtype=np.int64), len(number)
