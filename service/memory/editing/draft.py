"""The draft of an edit: which pairs each block has afterwards, and which answers and names come and go with them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8, UInt64
from numpy import ndarray

from service.errors import Outgrown
from service.facts import Facts, Pair, trimmed
from service.memory.editing.blocks import BlockIndex, KeyCounts, Members
from service.memory.editing.codes import Entry, EntryCodes
from service.memory.hashing import NameHasher, PairHasher, as_words
from service.memory.memory import Memory
from service.memory.plan import Plan, blocks_of
from service.memory.recall import Answers, answer_sets
from service.memory.recipe import digest_size
from service.memory.stored import Counts


@dataclass(frozen=True, slots=True)
class Changes:
    """upsert: the whole new answer set of each pair that changes; delete: pairs to remove. A pair in both is upserted;
    a pair in `delete` that is not held is passed over.
    """

    upsert: Facts
    delete: Sequence[Pair] = ()


@dataclass(frozen=True, slots=True)
class HashedChanges:
    """The changed pairs: names, the number of the relation, answers (None: deleted), hashes, and the number of the
    block.
    """

    pairs: list[Pair]
    relation: Int64[ndarray, " n"]
    answers: list[Answers | None]
    digests: UInt8[ndarray, "n size"]
    route: UInt64[ndarray, " n"]
    pad: UInt64[ndarray, " n"]
    block: Int64[ndarray, " n"]


class VersionIndex:
    """The pairs of one version: by block, and how many there are of each answer, subject and relation."""

    def __init__(self, memory: Memory, facts: Facts) -> None:
        plan = Plan.of(facts, memory.resolved, memory.keyring, memory.device)
        if len(plan.pairs) != memory.pairs:
            raise ValueError("these are not the facts that the memory holds")
        self.memory = memory
        self.blocks = BlockIndex(plan)
        keys = memory.answer_table.keys(plan.entry_relation, plan.codes)
        self.entries = KeyCounts(keys[plan.entry])
        self.subjects = KeyCounts(as_words(plan.subject_digests)[plan.subject, 0])
        self.relations = KeyCounts(plan.relation.astype(np.uint64))
        self.contested = plan.contested


@dataclass(frozen=True, slots=True)
class Draft:
    """members: the pairs of the blocks that change; entries, subjects, relations: by how much the number of pairs of
    each changes; new_entries, gone_entries: of the answer table, by key.
    """

    members: dict[int, Members]
    entries: Counter[int]
    subjects: Counter[int]
    relations: Counter[int]
    new_entries: dict[int, Entry]
    gone_entries: set[int]
    contested: frozenset[int]
    new_subjects: list[str]
    gone_subjects: list[str]
    relation_names: list[str | None]
    counts: Counts

    def accept(self, index: VersionIndex, memory: Memory) -> None:
        """Update `index` to the version that was made from this draft."""
        index.memory = memory
        index.blocks.accept(self.members)
        index.entries.add(self.entries)
        index.subjects.add(self.subjects)
        index.relations.add(self.relations)
        index.contested = self.contested


def hash_changes(memory: Memory, changes: Changes) -> HashedChanges:
    """Hash the changed pairs. Raises Outgrown for a relation that the recipe does not know."""
    wanted: dict[Pair, Answers | None] = {(trimmed(s), trimmed(r)): None for s, r in changes.delete}
    wanted.update(answer_sets(changes.upsert))
    number = _number_relations(memory, dict.fromkeys(relation for _, relation in wanted))
    for pair in [pair for pair in wanted if pair[1] not in number]:
        if wanted.pop(pair) is not None:
            raise Outgrown("the recipe does not know this relation")
    pairs = list(wanted)
    relation = np.array([number[name] for _, name in pairs], dtype=np.int64)
    digests = memory.subject_hasher.digests(subject for subject, _ in pairs)
    route, pad = PairHasher(memory.keyring).hashes(as_words(digests), as_words(memory.relation_digests)[relation])
    block = blocks_of(memory.resolved, memory.code_lengths[relation], route)
    return HashedChanges(pairs, relation, list(wanted.values()), digests, route, pad, block)


def draft_changes(index: VersionIndex, hashed: HashedChanges) -> Draft:
    """Work out what the changes do; pairs that already have the wanted answers are passed over. Raises Outgrown."""
    table = index.memory.answer_table
    entries = EntryCodes(index.memory.resolved, index.memory.keyring, table, index.contested)
    places = _find_places(index.blocks, hashed)
    before = [_key_now(index, hashed, at, place) for at, place in enumerate(places)]
    wanted = [
        None if answers is None else (relation, answers)
        for relation, answers in zip(hashed.relation.tolist(), hashed.answers, strict=True)
    ]
    keys = entries.find(list(dict.fromkeys(entry for entry in wanted if entry is not None)))
    change = _count_changes(before, [None if entry is None else keys.get(entry, -1) for entry in wanted])
    gone = index.entries.vanishing(change)
    fresh, contested = entries.draw(list(dict.fromkeys(e for e in wanted if e is not None and e not in keys)), gone)
    keys |= fresh
    after = [None if entry is None else keys[entry] for entry in wanted]
    moved = [at for at in range(len(before)) if before[at] != after[at] or wanted[at] in fresh]
    return _Drafter(index, hashed, places, before, after, moved).draft(fresh, gone, contested)


@dataclass(frozen=True, slots=True)
class _Drafter:
    """before, after: the key of each pair's entry, None where it is not held; moved: the positions of pairs that
    differ.
    """

    index: VersionIndex
    hashed: HashedChanges
    places: list[int | None]
    before: list[int | None]
    after: list[int | None]
    moved: list[int]

    def draft(self, fresh: dict[Entry, int], gone: set[int], contested: frozenset[int]) -> Draft:
        words = as_words(self.hashed.digests)[:, 0].tolist()
        relations = self.hashed.relation.tolist()
        entry_change = _count_changes([self.before[at] for at in self.moved], [self.after[at] for at in self.moved])
        subject_change, relation_change = Counter[int](), Counter[int]()
        for at in self.moved:
            step = (self.after[at] is not None) - (self.before[at] is not None)
            subject_change[words[at]] += step
            relation_change[relations[at]] += step
        names = {words[at]: self.hashed.pairs[at][0] for at in self.moved}
        subjects = self.index.subjects
        return Draft(
            members=self._members(),
            entries=entry_change,
            subjects=subject_change,
            relations=relation_change,
            new_entries={key: entry for entry, key in fresh.items()},
            gone_entries=gone,
            contested=contested,
            new_subjects=[names[word] for word in sorted(subjects.appearing(subject_change))],
            gone_subjects=[names[word] for word in sorted(subjects.vanishing(subject_change))],
            relation_names=self._relation_names(relation_change),
            counts=self._counts(),
        )

    def _members(self) -> dict[int, Members]:
        by_block: defaultdict[int, list[int]] = defaultdict(list)
        for at in self.moved:
            by_block[int(self.hashed.block[at])].append(at)
        blocks = self.index.blocks
        return {
            block: blocks.of_block(block).with_changes(
                [place for at in moved if (place := self.places[at]) is not None],
                [self._member(at) for at in moved if self.after[at] is not None],
            )
            for block, moved in by_block.items()
        }

    def _member(self, at: int) -> Members:
        hashed, mask = self.hashed, (1 << self.index.memory.answer_table.code_bits) - 1
        code = np.array([(self.after[at] or 0) & mask], dtype=np.uint64)
        part = slice(at, at + 1)
        return Members(hashed.digests[part], hashed.relation[part], code, hashed.route[part], hashed.pad[part])

    def _relation_names(self, change: Counter[int]) -> list[str | None]:
        names = self.index.memory.stored.relations.names.copy()
        for number in self.index.relations.vanishing(change):
            names[number] = None
        for at in self.moved:
            if self.after[at] is not None:
                names[int(self.hashed.relation[at])] = self.hashed.pairs[at][1]
        return names

    def _counts(self) -> Counts:
        pairs, facts, code_bits = self.index.memory.stored.counts
        table, lengths = self.index.memory.answer_table, self.index.memory.code_lengths
        held = np.array([self.before[at] or 0 for at in self.moved], dtype=np.uint64)
        answers_before = table.answers(table.find(held))
        for at, answers in zip(self.moved, answers_before, strict=True):
            step = (self.after[at] is not None) - (self.before[at] is not None)
            pairs += step
            code_bits += step * int(lengths[self.hashed.relation[at]])
            facts += len(self.hashed.answers[at] or ()) - (len(answers) if self.before[at] is not None else 0)
        return Counts(pairs, facts, code_bits)


def _number_relations(memory: Memory, names: Iterable[str]) -> dict[str, int]:
    hasher = NameHasher(memory.keyring, "relation", digest_size(memory.resolved.d_model))
    order = {hashed: at for at, hashed in enumerate(memory.resolved.relation_bits)}
    hashed = {name: hasher.digest(name).hex() for name in names}
    return {name: order[digest] for name, digest in hashed.items() if digest in order}


def _find_places(blocks: BlockIndex, hashed: HashedChanges) -> list[int | None]:
    """Where each pair stands in its block now."""
    members = {block: blocks.of_block(block) for block in dict.fromkeys(hashed.block.tolist())}
    hashes = zip(hashed.block.tolist(), hashed.route.tolist(), hashed.pad.tolist(), strict=True)
    return [members[block].at(route, pad) for block, route, pad in hashes]


def _key_now(index: VersionIndex, hashed: HashedChanges, at: int, place: int | None) -> int | None:
    """The key of the entry that a pair reads out before the edit."""
    if place is None:
        return None
    code = index.blocks.of_block(int(hashed.block[at])).code[place : place + 1]
    return int(index.memory.answer_table.keys(hashed.relation[at : at + 1], code)[0])


def _count_changes(before: Sequence[int | None], after: Sequence[int | None]) -> Counter[int]:
    """By how much the number of pairs of each key changes; a key of -1 is not drawn yet, and not counted."""
    change = Counter(key for key in after if key is not None and key >= 0)
    change.subtract(key for key in before if key is not None)
    return change
