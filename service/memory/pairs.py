"""Facts as numbers: distinct names, pairs, and the answers each relation has."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.facts import Facts, Ints, number_texts, number_values, trim_all
from service.memory.recalled import Answers


@dataclass(frozen=True, slots=True)
class Pairs:
    """One entry a pair in `subject`, `relation` (positions in the name lists) and `entry`.

    An entry is one answer (or set of answers) of one relation: `entry_relation` and `entry_answers` describe them.
    """

    subjects: list[str]
    relations: list[str]
    subject: Ints
    relation: Ints
    entry: Ints
    entry_relation: Ints
    entry_answers: list[Answers]

    def __len__(self) -> int:
        return len(self.subject)


def pairs_of(facts: Facts) -> Pairs:
    """Number the names and gather the answers of each pair. The numbering follows the order of facts; no byte does."""
    subject, subjects = _numbered_names(facts.subjects)
    relation, relations = _numbered_names(facts.relations)
    answer, answers = number_texts(facts.answers)
    pair = subject * len(relations) + relation
    distinct, number, held = _answer_sets(pair, answer, answers)
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


def _answer_sets(pair: Ints, answer: Ints, answers: list[str]) -> tuple[Ints, Ints, list[Answers]]:
    """Distinct pairs, the number of each pair's answer set, and the sets."""
    held: list[Answers] = [(text,) for text in answers]
    fact = np.sort(pair * len(answers) + answer)
    fact = fact[_begins(fact)]  # a row that repeats a fact says nothing new
    pair, answer = np.divmod(fact, len(answers))
    starts = _begins(pair)
    distinct, number = pair[starts], answer[starts].copy()
    numbers: dict[Answers, int] = {}
    sizes = np.diff(np.r_[starts, len(pair)])
    for at in np.flatnonzero(sizes > 1).tolist():
        members = answer[starts[at] : starts[at] + sizes[at]].tolist()
        several = tuple(sorted(answers[member] for member in members))
        number[at] = numbers.setdefault(several, len(held) + len(numbers))
    return distinct, number, held + list(numbers)


def _begins(column: Ints) -> Ints:
    """Where each value of a sorted column of numbers from 0 up begins."""
    return np.flatnonzero(np.diff(column, prepend=column[:1] - 1))


def _numbered_names(names: Sequence[str]) -> tuple[Ints, list[str]]:
    codes, distinct = number_texts(names)
    again, known_by = number_texts(trim_all(distinct))
    return again[codes], known_by
