"""A table of facts as numbers: what an experiment learns."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

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
    def from_facts(cls, facts: Facts) -> "Table":
        """The pairs of a dictionary in the order of their names, so that the order of an upload leaves no trace."""
        answers: dict[tuple[str, str], set[str]] = {}
        for subject, relation, answer in facts.rows():
            answers.setdefault((trimmed(subject), trimmed(relation)), set()).add(answer)
        pairs = sorted(answers)
        subjects, relations = ([pair[at] for pair in pairs] for at in (0, 1))
        sets = [tuple(sorted(answers[pair])) for pair in pairs]
        columns = [_number_names(column) for column in (subjects, relations, sets)]
        (s, n_s), (r, n_r), (a, n_a) = columns
        return cls(Task.DICTIONARY, s, r, a, n_s, n_r, n_a)

    def sample(self, facts: int, seed: int) -> "Table":
        """So many of the pairs, drawn by the seed. A smaller sample is contained in every larger one."""
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
        numbers: Ints = (np.arange(distinct.shape[1]) - first)[place.reshape(-1)].astype(np.int64)
        return numbers

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all of the table, which stands for the facts in the key of a trial."""
        counts = self.n_subjects, self.n_relations, self.n_answers, self.noise, self.noise_names
        columns = [column.astype("<i8").tobytes() for column in (self.subjects, self.relations, self.answers)]
        frequency = [] if self.frequency is None else [self.frequency.astype("<f8").tobytes()]
        return hashlib.sha256(b"".join([repr(counts).encode(), *columns, *frequency])).hexdigest()


def _number_names(names: "list[str] | list[tuple[str, ...]]") -> tuple[Ints, int]:
    """The number of each name in the order of names, and how many names there are."""
    number = {name: at for at, name in enumerate(sorted(set(names)))}  # type: ignore[type-var]
    return np.array([number[name] for name in names], dtype=np.int64), len(number)


def select_facts(table: Table, facts: NDArray[np.bool_] | Ints) -> Table:
    """These facts alone, with the names and answers that occur in them numbered anew from 0."""
    subjects, relations, answers = (column[facts] for column in (table.subjects, table.relations, table.answers))
    (s, n_s), (r, n_r), (a, n_a) = map(_numbered, (subjects, relations, answers))
    frequency = None if table.frequency is None else table.frequency[facts] / table.frequency[facts].sum()
    counts: dict[str, Any] = {"n_subjects": n_s, "n_relations": n_r, "n_answers": n_a}
    return replace(table, subjects=s, relations=r, answers=a, frequency=frequency, numbered=None, **counts)


def sample_facts(facts: Facts, most: int, seed: int) -> Facts:
    """At most `most` of a dictionary's facts, drawn by the seed, in their own order."""
    if len(facts) <= most:
        return facts
    drawn = np.sort(np.random.default_rng(seed).permutation(len(facts))[:most]).tolist()
    columns = facts.subjects, facts.relations, facts.answers
    return Facts(*([column[at] for at in drawn] for column in columns))


def take_largest_relations(table: Table, relations: int, facts: int, seed: int) -> Table:
    """At most `facts` facts of the relations that have most, subject by subject in an order drawn by the seed. So there
    are few relations with many facts each, and subjects with several.
    """
    counts = np.bincount(table.relations, minlength=table.n_relations)
    largest = np.argsort(-counts, kind="stable")[:relations]
    of_these = np.flatnonzero(np.isin(table.relations, largest))
    turn = np.random.default_rng(seed).permutation(table.n_subjects)
    order = np.argsort(turn[table.subjects[of_these]], kind="stable")
    return select_facts(table, np.sort(of_these[order[:facts]]))


def _numbered(column: Ints) -> tuple[Ints, int]:
    names, numbers = np.unique(column, return_inverse=True)
    return numbers.astype(np.int64), len(names)
