"""What an upload changes in a ledger, computed on whole columns: a million facts against a million in a second or two.

Names are compared in full, by code: every distinct subject, relation and answer gets a number, a pair and a fact are
numbers made of those, and set operations on numbers do the rest.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.facts import Facts, Ints, Pair, number_texts, number_values

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Diff:
    """`insert` and `close` are positions in the upload and in the held facts; the counts are pairs."""

    insert: Ints
    close: Ints
    created: int
    updated: int
    unchanged: int
    deleted: int

    @property
    def changes(self) -> bool:
        return bool(len(self.insert) or len(self.close))


def compare(held: Facts, sent: Facts, *, replace: bool, spared: Collection[Pair] = ()) -> Diff:
    """A pair of `sent` takes that pair's whole answer set; with `replace`, held pairs that are neither in `sent` nor
    `spared` end. A pair whose answers stay equal keeps its facts as they are.
    """
    pairs, facts = _numbered(held, sent)
    held_pairs, sent_pairs = pairs[: len(held)], pairs[len(held) :]
    known, asked = _marked(held_pairs, pairs), _marked(sent_pairs, pairs)
    differing = asked & _differing(pairs, facts, len(held))
    gone = known & ~asked & replace
    gone[held_pairs[_among(held, spared)]] = False
    return Diff(
        insert=np.flatnonzero(differing[sent_pairs]),
        close=np.flatnonzero((differing | gone)[held_pairs]),
        created=int(np.count_nonzero(asked & ~known)),
        updated=int(np.count_nonzero(differing & known)),
        unchanged=int(np.count_nonzero(asked & ~differing)),
        deleted=int(np.count_nonzero(gone)),
    )


def _marked(some: Ints, every: Ints) -> Bools:
    """Which of the numbers 0..max(every) are among `some`."""
    marked = np.zeros(int(every.max(initial=-1)) + 1, dtype=np.bool_)
    marked[some] = True
    return marked


def _differing(pairs: Ints, facts: Ints, held: int) -> Bools:
    """Which pairs have a fact on one side only; the first `held` rows are one side, the rest the other."""
    before, after = _marked(facts[:held], facts), _marked(facts[held:], facts)
    return _marked(pairs[(before ^ after)[facts]], pairs)


def _among(held: Facts, spared: Collection[Pair]) -> Ints:
    """The positions of held facts whose pair is spared."""
    if not spared:
        return np.empty(0, dtype=np.int64)
    rows = zip(held.subjects, held.relations, strict=True)
    return np.array([position for position, pair in enumerate(rows) if pair in spared], dtype=np.int64)


def _numbered(held: Facts, sent: Facts) -> tuple[Ints, Ints]:
    """A number for the pair and for the fact of every row, held rows first; equal numbers mean equal names."""
    subjects, _ = number_texts(held.subjects, sent.subjects)
    relations, _ = number_texts(held.relations, sent.relations)
    answers, _ = number_texts(held.answers, sent.answers)
    pairs = _combined(subjects, relations)
    return pairs, _combined(pairs, answers)


def _combined(left: Ints, right: Ints) -> Ints:
    """One dense number for each distinct (left, right); products stay far below 2^63 for any table that fits."""
    width = int(right.max(initial=0)) + 1
    return number_values(left * width + right)[0]
