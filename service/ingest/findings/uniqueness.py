"""Uniqueness: how many subjects can be singled out by a few of their answers, none of which is an identifier.

Which relations to combine is decided on a sample of the subjects; the figures cover all subjects that have them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from schemas.uploads import Finding, FindingKind, Uniqueness
from service.facts import number_values
from service.ingest.count import CodedTable, Codes
from service.ingest.privacy.personal import draw_sample

RELATIONS = 40  # the relations with the most facts are examined
SUBJECTS = 4_000  # size of the sample by which relations are chosen
_KINDS = 3  # kinds of subject in one table, such as parts and customers; each may have a finding
_TRAITS = 10  # relations of one kind of subject that are combined
_FEWEST_SUBJECTS = 100  # fewer subjects make a finding only where relations are about people
_FEWEST_PEOPLE = 10
_OF_PEOPLE = re.compile(
    r"\b(?:age|sex|gender|born|zip|marital|religion)\b|birth|postal|address|occupation|nationality|salary|income|ethnic"
    r"|年齢|性別|生年|誕生|郵便番号|住所|職業|国籍|年収|給与|婚姻|家族|出身"
)
_IDENTIFIER_SHARE = 0.5  # a relation with more distinct answers than this share of its facts is an identifier
_SHARE = 0.05  # singled-out subjects from which on there is a finding
_TOGETHER = 0.8  # a relation that shares this part of its subjects with another describes the same kind of subject

Traits = NDArray[np.int64]


def find_unique(coded: CodedTable, rows: Codes) -> Iterator[Finding]:
    """Find, for each kind of subject, the two or three relations whose answers single out the most subjects."""
    relations = _choose_relations(coded, rows)
    sample = draw_sample(np.arange(len(coded.subjects.distinct)), SUBJECTS)
    known = _tabulate_answers(coded, rows, sample, relations)
    for columns in _find_subject_kinds(known >= 0):
        chosen = [relations[at] for at in _choose_columns(known, columns)]
        if chosen:
            groups = _count_groups(_tabulate_answers(coded, rows, np.arange(len(coded.subjects.distinct)), chosen))
            fewest = _get_fewest(coded.relations.distinct[relations[at]] for at in columns)
            if groups.sum() >= fewest and np.count_nonzero(groups == 1) >= _SHARE * groups.sum():
                yield _make_finding([coded.relations.distinct[at] for at in chosen], groups)


def _get_fewest(relations: Iterable[str]) -> int:
    """The fewest subjects that make a finding."""
    of_people = any(_OF_PEOPLE.search(unicodedata.normalize("NFKC", name).casefold()) for name in relations)
    return _FEWEST_PEOPLE if of_people else _FEWEST_SUBJECTS


def _choose_relations(coded: CodedTable, rows: Codes) -> list[int]:
    """The relations with the most facts that have several answers and are no identifiers."""
    relations, width = len(coded.relations.distinct), max(len(coded.answers.distinct), 1)
    facts = np.bincount(coded.relations.codes[rows], minlength=relations)
    keys = np.unique(coded.relations.codes[rows] * np.int64(width) + coded.answers.codes[rows])
    distinct = np.bincount(keys // width, minlength=relations)
    fit = (facts >= _FEWEST_PEOPLE) & (distinct > 1) & (distinct <= _IDENTIFIER_SHARE * facts)
    return [at for at in np.argsort(-facts, kind="stable").tolist() if fit[at]][:RELATIONS]


def _tabulate_answers(coded: CodedTable, rows: Codes, subjects: Codes, relations: Sequence[int]) -> Traits:
    """The code of each answer, (subjects, relations); -1 where there is none, the first one where there are several."""
    row_of = np.full(len(coded.subjects.distinct), -1)
    row_of[subjects] = np.arange(len(subjects))
    column_of = np.full(len(coded.relations.distinct), -1)
    column_of[list(relations)] = np.arange(len(relations))
    row, column = row_of[coded.subjects.codes[rows]], column_of[coded.relations.codes[rows]]
    chosen = np.flatnonzero((row >= 0) & (column >= 0))[::-1]
    answers = np.full((len(subjects), len(relations)), -1, dtype=np.int64)
    answers[row[chosen], column[chosen]] = coded.answers.codes[rows[chosen]]
    return answers


def _find_subject_kinds(held: NDArray[np.bool_]) -> Iterator[list[int]]:
    """Yield groups of columns that the same subjects have, the most frequent first; `held` is (subjects, columns)."""
    counts = held.sum(axis=0)
    together = held.T.astype(np.int64) @ held
    left = [at for at in np.argsort(-counts, kind="stable").tolist() if counts[at]]
    for _ in range(_KINDS):
        if not left:
            return
        kind = [at for at in left if together[left[0], at] >= _TOGETHER * counts[left[0]]]
        yield kind[:_TRAITS]
        left = [at for at in left if at not in kind]


def _choose_columns(known: Traits, columns: Sequence[int]) -> list[int]:
    """The pair of columns that singles out the most subjects, with the third that adds most; empty without a pair."""
    pairs = [list(pair) for pair in combinations(columns, 2)]
    if not pairs:
        return []
    best = max(pairs, key=lambda pair: _count_singled_out(known, pair))
    triples = [best, *([*best, at] for at in columns if at not in best)]
    return max(triples, key=lambda triple: _count_singled_out(known, triple))


def _count_singled_out(traits: Traits, columns: Sequence[int]) -> int:
    return int(np.count_nonzero(_count_groups(traits[:, columns]) == 1))


def _count_groups(traits: Traits) -> Codes:
    """The number of subjects with each combination of answers, (groups,), among those that have all the answers."""
    held = traits[(traits >= 0).all(axis=1)]
    numbers = np.zeros(len(held), dtype=np.int64)
    for column in held.T:
        codes, _ = number_values(column)
        numbers, _ = number_values(numbers * (int(codes.max(initial=0)) + 1) + codes)
    sizes: Codes = np.bincount(numbers)
    return sizes


def _make_finding(relations: list[str], groups: Codes) -> Finding:
    subjects, unique = int(groups.sum()), int(np.count_nonzero(groups == 1))
    uniqueness = Uniqueness(
        relations=relations,
        subjects=subjects,
        unique=unique,
        share=round(unique / subjects, 4),
        smallest_group=int(groups.min()),
    )
    message = (
        f"{unique:,} of {subjects:,} subjects can be told apart by their answers to {', '.join(relations)} alone. "
        "If subjects are people, these answers identify a person; generalising one of them makes the groups larger."
    )
    return Finding(
        kind=FindingKind.SUBJECTS_SINGLED_OUT,
        message=message,
        count=unique,
        relation=None,
        examples=[],
        uniqueness=uniqueness,
    )
