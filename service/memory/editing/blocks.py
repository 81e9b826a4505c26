"""The pairs of a memory as hashes, by block: what a block's weights are solved from, and what edits change.

None of it is stored with the memory: it is made from the ledger's facts and kept in step with every edit.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64, UInt8, UInt64
from numpy import ndarray

from service.memory.plan import Plan


class Members(NamedTuple):
    """The pairs of one block in the order of their hashes: digests of subjects, numbers of relations, codes, and the
    two words of each pair's hash, which identify it.
    """

    digests: UInt8[ndarray, "n size"]
    relation: Int64[ndarray, " n"]
    code: UInt64[ndarray, " n"]
    route: UInt64[ndarray, " n"]
    pad: UInt64[ndarray, " n"]

    def at(self, route: int, pad: int) -> int | None:
        """The position of a pair, None where the block does not have it."""
        found = np.flatnonzero((self.route == np.uint64(route)) & (self.pad == np.uint64(pad)))
        return int(found[0]) if len(found) else None

    def with_changes(self, gone: Sequence[int], come: Sequence["Members"]) -> "Members":
        """The pairs without those at the positions `gone`, with the pairs `come`."""
        stay = np.ones(len(self.code), dtype=np.bool_)
        stay[list(gone)] = False
        joined = concatenate_members([self.select(stay), *come])
        order = np.lexsort((joined.pad, joined.route))
        return joined.select(order)

    def select(self, chosen: Bool[ndarray, " n"] | Int64[ndarray, " chosen"]) -> "Members":
        """The chosen pairs, in the order in which they are chosen."""
        return Members(
            self.digests[chosen], self.relation[chosen], self.code[chosen], self.route[chosen], self.pad[chosen]
        )


def concatenate_members(some: Sequence[Members]) -> Members:
    """The pairs of several blocks, one block after the other."""
    return Members(
        np.concatenate([each.digests for each in some]),
        np.concatenate([each.relation for each in some]),
        np.concatenate([each.code for each in some]),
        np.concatenate([each.route for each in some]),
        np.concatenate([each.pad for each in some]),
    )


class BlockIndex:
    """The members of every block, from the plan of a training and from the edits since."""

    def __init__(self, plan: Plan) -> None:
        self._digests = plan.subject_digests
        self._subject = plan.subject.astype(np.int32)
        self._relation = plan.relation.astype(np.int32)
        self._code = plan.codes[plan.entry]
        self._route, self._pad = plan.route, plan.pad
        self._starts = plan.starts
        self._changed: dict[int, Members] = {}

    def of_block(self, number: int) -> Members:
        changed = self._changed.get(number)
        if changed is not None:
            return changed
        part = slice(int(self._starts[number]), int(self._starts[number + 1]))
        digests, relation = self._digests[self._subject[part]], self._relation[part].astype(np.int64)
        return Members(digests, relation, self._code[part], self._route[part], self._pad[part])

    def accept(self, changed: Mapping[int, Members]) -> None:
        self._changed.update(changed)


class KeyCounts:
    """How many pairs have each key: the sorted counts that the memory began with, and the changes since."""

    def __init__(self, keys: UInt64[ndarray, " n"]) -> None:
        self._keys, self._counts = np.unique(keys, return_counts=True)
        self._since: dict[int, int] = {}

    def __getitem__(self, key: int) -> int:
        at = int(np.searchsorted(self._keys, np.uint64(key)))
        began = int(self._counts[at]) if at < len(self._keys) and int(self._keys[at]) == key else 0
        return began + self._since.get(key, 0)

    def add(self, changes: Mapping[int, int]) -> None:
        for key, change in changes.items():
            self._since[key] = self._since.get(key, 0) + change

    def vanishing(self, changes: Mapping[int, int]) -> set[int]:
        """The keys that no pair has any more after these changes."""
        return {key for key, change in changes.items() if change < 0 and self[key] + change == 0}

    def appearing(self, changes: Mapping[int, int]) -> set[int]:
        """The keys that no pair had before these changes."""
        return {key for key, change in changes.items() if change > 0 and self[key] == 0}
