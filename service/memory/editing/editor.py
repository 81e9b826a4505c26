"""Edits: a memory becomes its next version by solving again only the blocks whose pairs change.

changes -> hashes -> their blocks' pairs -> codes -> solve -> patch -> the version read back from the patch -> verify

The version has the digest of a memory trained on the changed facts with the same resolved recipe: what an edit took
away is not in it. Where the recipe has no room for a change, `stage` raises Outgrown and a training has to follow.
"""

from dataclasses import dataclass

import numpy as np

from service.errors import Outgrown
from service.facts import Facts
from service.memory.bank import Block, bits_of_blocks
from service.memory.block_inputs import BlockInputs, BlocksNotHeld
from service.memory.devices import one_thread_here
from service.memory.editing.blocks import Members, concatenate_members
from service.memory.editing.draft import Changes, Draft, VersionIndex, draft_changes, hash_changes
from service.memory.editing.pages import collect_changes
from service.memory.memory import Memory
from service.memory.patch import seal_patch

MOST_BLOCKS = 2048


@dataclass(frozen=True, slots=True)
class Staged:
    """The next version, read back from `patch` and verified. blocks: how many were solved again; pages: how many pages
    of answers and names were written again.
    """

    memory: Memory
    patch: bytes
    blocks: int
    pages: int
    draft: Draft


class Editor:
    """Knows the pairs of a memory and follows it from version to version. For one thread at a time."""

    def __init__(self, index: VersionIndex) -> None:
        self._index = index

    @classmethod
    def of(cls, memory: Memory, facts: Facts) -> "Editor":
        """An editor of a memory that holds exactly these facts; ValueError for others."""
        return cls(VersionIndex(memory, facts))

    @property
    def memory(self) -> Memory:
        """The version that the next edit starts from."""
        return self._index.memory

    def stage(self, changes: Changes, *, most_blocks: int = MOST_BLOCKS) -> Staged:
        """Make the next version; the editor stays at the one before until `accept`. Raises Outgrown."""
        with one_thread_here():
            return self._stage(changes, most_blocks)

    def _stage(self, changes: Changes, most_blocks: int) -> Staged:
        draft = draft_changes(self._index, hash_changes(self.memory, changes))
        if len(draft.members) > most_blocks:
            raise Outgrown(f"the changes touch {len(draft.members)} blocks: a training takes less time")
        before = self.memory.stored
        changed = collect_changes(self.memory, draft, _solve_blocks(self.memory, draft))
        patch = seal_patch(changed, self.memory.keyring, before, before.with_changes(changed))
        memory = self.memory.with_patch(patch)
        _verify(memory, draft)
        return Staged(memory, patch, len(changed.blocks), len(changed.answers) + len(changed.names), draft)

    def accept(self, staged: Staged) -> None:
        """Move on to a staged version, once it is stored."""
        staged.draft.accept(self._index, staged.memory)

    def follow(self, changes: Changes, memory: Memory) -> None:
        """Move on to the version that another process made with these changes."""
        draft_changes(self._index, hash_changes(self.memory, changes)).accept(self._index, memory)


def _solve_blocks(memory: Memory, draft: Draft) -> dict[int, Block]:
    if not draft.members:
        return {}
    numbers = sorted(draft.members)
    inputs = _block_inputs(memory, numbers, [draft.members[number] for number in numbers])
    try:
        return dict(zip(numbers, memory.reader.solve_again(inputs), strict=True))
    except BlocksNotHeld as unheld:
        raise Outgrown("a block has more facts than the network can read out") from unheld


def _block_inputs(memory: Memory, numbers: list[int], blocks: list[Members]) -> BlockInputs:
    joined = concatenate_members(blocks)
    return BlockInputs(
        subject_digests=joined.digests,
        relation_digests=memory.relation_digests,
        subject=np.arange(len(joined.code)),
        relation=joined.relation,
        target=joined.code ^ joined.pad,
        starts=np.cumsum([0, *(len(block.code) for block in blocks)]),
        bits=bits_of_blocks(memory.resolved)[numbers],
    )


def _verify(memory: Memory, draft: Draft) -> None:
    """Recall every pair of the changed blocks from the version as it was read back. Raises Outgrown."""
    if not draft.members:
        return
    members = concatenate_members(list(draft.members.values()))
    expected = memory.answer_table.find(memory.answer_table.keys(members.relation, members.code))
    found, _ = memory.ask(members.digests, members.relation)
    if not (found == expected).all() or (expected < 0).any():
        raise Outgrown("a block that was solved again does not recall every pair")
