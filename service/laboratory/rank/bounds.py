"""Between which numbers the rank of a table's 3-tensor lies: from below by unfoldings, from above by construction.

The tensor rank is the smallest number of terms u (x) v (x) w that add up to the tensor. It is hard to compute (Hastad
1990), but no unfolding's rank is above it, and every decomposition that can be written down is a bound from above.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np

from service.facts import Ints
from service.laboratory.rank.tensor import ANSWERS, RELATIONS, SUBJECTS, Tensor
from service.laboratory.rank.unfolding import Rank, rank_of


class Bounds(NamedTuple):
    """unfoldings: ranks by subjects, relations and answers. constructions: the terms of each way to write the tensor
    down. least <= tensor rank <= most, for certain.
    """

    unfoldings: tuple[Rank, Rank, Rank]
    constructions: dict[str, int]

    @property
    def least(self) -> int:
        return max(unfolding.least for unfolding in self.unfoldings)

    @property
    def most(self) -> int:
        return min(self.constructions.values())

    @property
    def construction(self) -> str:
        return min(self.constructions, key=self.constructions.__getitem__)

    @property
    def exact(self) -> bool:
        return self.least == self.most


def bounds(tensor: Tensor, *, seed: int = 0) -> Bounds:
    """The largest of three ranks from below; the smallest of six constructions from above."""
    merged = tensor.merged()
    s, r, a = (rank_of(*merged.unfolding(mode), seed=seed) for mode in (SUBJECTS, RELATIONS, ANSWERS))
    constructions = {
        "relations": sum(rank.most for rank in relation_ranks(merged)),
        "subjects": _slices(merged, SUBJECTS),
        "answers": _slices(merged, ANSWERS),
        "base_answers": _with_base_answers(merged),
        "products": min(s.most * r.most, s.most * a.most, r.most * a.most),
        "slices_in_pairs": _in_pairs(s.most, r.most, a.most),
    }
    most = min(constructions.values())
    s, r, a = (rank._replace(most=min(rank.most, most)) for rank in (s, r, a))
    return Bounds((s, r, a), constructions)


def relation_ranks(tensor: Tensor) -> list[Rank]:
    """The rank of each relation's slice, a matrix of subjects and answers: where no pair has several answers, the
    number of distinct ones.
    """
    order = np.argsort(tensor.ones[:, RELATIONS], kind="stable")
    slices = np.split(tensor.ones[order], np.cumsum(np.bincount(tensor.ones[:, RELATIONS]))[:-1])
    return [_slice_rank(ones[:, SUBJECTS], ones[:, ANSWERS]) for ones in slices]


def _slice_rank(subjects: Ints, answers: Ints) -> Rank:
    distinct = len(np.unique(answers))
    if len(np.unique(subjects)) == len(subjects):
        return Rank(distinct, distinct)
    return rank_of(subjects, answers)


def _slices(tensor: Tensor, mode: int) -> int:
    """Slice by slice of a mode: no matrix's rank is above its number of rows or columns in use."""
    size = tensor.shape[mode]
    sides = []
    for other in (other for other in range(3) if other != mode):
        used = np.unique(tensor.ones[:, [mode, other]], axis=0)
        sides.append(np.bincount(used[:, 0], minlength=size))
    return int(np.minimum(*sides).sum())


def _in_pairs(*ranks: int) -> int:
    """Two slices at a time: over the real numbers no pair of m x n matrices, m <= n, takes more than m + n // 2 terms,
    nor more than 2 m (JaJa, SIAM J. Comput. 8, 443, 1979). The ranks of a tensor's unfoldings are the sides of a box
    into which it fits.
    """
    totals = []
    for mode, slices in enumerate(ranks):
        m, n = sorted(ranks[:mode] + ranks[mode + 1 :])
        totals.append(slices // 2 * min(2 * m, m + n // 2) + slices % 2 * m)
    return min(totals)


def _with_base_answers(tensor: Tensor) -> int:
    """Relation by relation, but relations that share an answer leave it out: the others are written as (answer - base),
    and what is owed to the base is one matrix of subjects and relations, whose rank is 1 when no cell is empty.
    """
    answers: dict[int, set[int]] = {}
    for relation, answer in np.unique(tensor.ones[:, [RELATIONS, ANSWERS]], axis=0).tolist():
        answers.setdefault(relation, set()).add(answer)
    total, cells = sum(map(len, answers.values())), _cells(tensor)
    while answers:
        base = Counter(answer for held in answers.values() for answer in sorted(held)).most_common(1)[0][0]
        sharing = [relation for relation, held in answers.items() if base in held]
        total -= max(0, len(sharing) - len({cells[relation] for relation in sharing}))
        answers = {relation: held for relation, held in answers.items() if base not in held}
    return total


def _cells(tensor: Tensor) -> list[bytes]:
    """Of each relation, how many answers each subject has, as something that can be compared."""
    order = np.lexsort((tensor.ones[:, SUBJECTS], tensor.ones[:, RELATIONS]))
    ends = np.cumsum(np.bincount(tensor.ones[:, RELATIONS]))[:-1]
    return [subjects.tobytes() for subjects in np.split(tensor.ones[order, SUBJECTS], ends)]
