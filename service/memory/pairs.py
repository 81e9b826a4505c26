"""Facts as numbers: distinct names, pairs, and the answers each relation has."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from service.facts import Facts, Ints, number_texts, number_values, trim_all
from service.memory.recall import Answers


@dataclass(frozen=True, slots=True)
class Pairs:
    """One item a pair in `subject`, `relation` (positions in the lists of names) and `entry`.

    An entry is one answer (or set of answers) of one relation: `entry_relation` and `entry_answers` describe them.
    """

    subjects: list[str]
    relations: list[str]
    subject: Int64[ndarray, " pairs"]
    relation: Int64[ndarray, " pairs"]
    entry: Int64[ndarray, " pairs"]
    entry_relation: Int64[ndarray, " entries"]
    entry_answers: list[Answers]

    def __len__(self) -> int:
        return len(self.subject)


def number_pairs(facts: Facts) -> Pairs:
    """Number the names and gather the answers of each pair. The numbering follows the order of facts; no byte does."""
    subject, subjects = _number_names(facts.subjects)
    relation, relations = _number_names(facts.relations)
    answer, distinct_answers = number_texts(facts.answers)
    answers = list(distinct_answers)
    pair = subject * len(relations) + relation
    distinct, number, held = _number_answer_sets(pair, answer, answers)
    entry, entry_key = number_values(distinct % len(relations) * len(held) + number)
    return Pairs(
        subjects=subjects,
        relations=relations,
        subject=distinct // len(relations),
        relation=distinct % len(relations),
        entry=entry,
        entry_relation=entry_key // len(held),
        entry_answers=[held[at] for at in (entry_key % len(held)).tolist()],
    )


def _number_answer_sets(
    pair: Int64[ndarray, " facts"], answer: Int64[ndarray, " facts"], answers: list[str]
) -> tuple[Int64[ndarray, " pairs"], Int64[ndarray, " pairs"], list[Answers]]:
    """Distinct pairs, the number of each pair's answer set, and the sets."""
    held: list[Answers] = [(text,) for text in answers]
    fact = np.sort(pair * len(answers) + answer)
    fact = fact[_group_starts(fact)]  # a row that repeats a fact says nothing new
    pair, answer = np.divmod(fact, len(answers))
    starts = _group_starts(pair)
    distinct, number = pair[starts], answer[starts].copy()
    numbers: dict[Answers, int] = {}
    sizes = np.diff(np.r_[starts, len(pair)])
    for at in np.flatnonzero(sizes > 1).tolist():
        members = answer[starts[at] : starts[at] + sizes[at]].tolist()
        several = tuple(sorted(answers[member] for member in members))
        number[at] = numbers.setdefault(several, len(held) + len(numbers))
    return distinct, number, held + list(numbers)


def _group_starts(column: Int64[ndarray, " n"]) -> Int64[ndarray, " groups"]:
    """Where each value of a sorted column of numbers from 0 up begins."""
    return np.flatnonzero(np.diff(column, prepend=column[:1] - 1))


def _number_names(names: Sequence[str]) -> tuple[Ints, list[str]]:
    codes, distinct = number_texts(names)
    again, known_by = number_texts(trim_all(distinct))
    return again[codes], list(known_by)
