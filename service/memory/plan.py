"""The plan of a training: facts as hashes, each pair routed to its block and given the code it has to read out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.errors import Outgrown
from service.facts import Facts, Ints
from service.memory.answers import seal_answers
from service.memory.bank import Bank, bits_of_blocks, route_within_group
from service.memory.block_inputs import BlockInputs
from service.memory.codes import draw_codes
from service.memory.hashing import Keyring, NameHasher, PairHasher, Words, as_words
from service.memory.names import NameIndex
from service.memory.pages import cut_name_pages
from service.memory.pairs import Pairs, number_pairs
from service.memory.recipe import D_MODEL, Recipe, Resolved, digest_size
from service.memory.resolution import resolve
from service.memory.stored import Counts, Stored, seal_relations

NAMED_FAILURES = 1000


@dataclass(frozen=True)
class Plan:
    """Facts as hashes, routed and coded; pairs sorted by block and, within one, by hash.

    relation: number in the recipe's order; subject: position in subject_digests; entry: position in codes;
    starts[b]:starts[b+1] are the pairs of block b; contested: relations in which an answer lost its first code.
    """

    recipe: Resolved
    keyring: Keyring
    pairs: Pairs
    relation_names: list[str | None]
    relation_digests: NDArray[np.uint8]
    subject_digests: NDArray[np.uint8]
    codes: Words
    contested: frozenset[int]
    entry_relation: Ints
    subject: Ints
    relation: Ints
    entry: Ints
    route: Words
    pad: Words
    starts: Ints

    @classmethod
    def of(cls, facts: Facts, recipe: Recipe | Resolved, keyring: Keyring, device: str) -> "Plan":
        pairs = number_pairs(facts)
        size = digest_size(recipe.d_model or D_MODEL)
        taught = NameHasher(keyring, "relation", size).digests(pairs.relations)
        if isinstance(recipe, Recipe):
            recipe = _resolved(recipe, pairs, taught, device)
        order = list(recipe.relation_bits)
        number = {hashed: at for at, hashed in enumerate(order)}
        if unknown := {digest.tobytes().hex() for digest in taught} - number.keys():
            raise Outgrown(f"the resolved recipe does not know {len(unknown)} of the relations")
        bits = np.array(list(recipe.relation_bits.values()), dtype=np.int64)
        renumbered = np.array([number[digest.tobytes().hex()] for digest in taught], dtype=np.int64)
        names: list[str | None] = [None] * len(order)
        for at, name in zip(renumbered.tolist(), pairs.relations, strict=True):
            names[at] = name
        digests = np.array([bytearray.fromhex(hashed) for hashed in order], dtype=np.uint8)
        subject_digests = NameHasher(keyring, "subject", size).digests(pairs.subjects)
        entry_relation = renumbered[pairs.entry_relation]
        answers = np.bincount(entry_relation, minlength=len(order))
        if crowded := int((answers > 1 << (bits - recipe.check_bits)).sum()):
            raise Outgrown(f"{crowded} of the relations have more answers than their codes have room for")
        hashed = [digests[at].tobytes() for at in entry_relation.tolist()]
        codes, again = draw_codes(keyring, hashed, bits[entry_relation], pairs.entry_answers)
        relation = renumbered[pairs.relation]
        words = as_words(subject_digests)[pairs.subject], as_words(digests)[relation]
        route, pad = PairHasher(keyring).hashes(*words)
        block = blocks_of(recipe, bits[relation], route)
        by_block = sorted_by_block(block, route, pad)
        counts = np.bincount(block, minlength=sum(group.blocks for group in recipe.groups))
        return cls(
            recipe, keyring, pairs, names, digests, subject_digests,
            codes, frozenset(entry_relation[again].tolist()), entry_relation,
            pairs.subject[by_block], relation[by_block], pairs.entry[by_block], route[by_block], pad[by_block],
            np.r_[0, np.cumsum(counts)],
        )  # fmt: skip

    def block_inputs(self) -> BlockInputs:
        """The pairs as the solver wants them."""
        target = self.codes[self.entry] ^ self.pad
        digests = self.subject_digests, self.relation_digests
        return BlockInputs(*digests, self.subject, self.relation, target, self.starts, bits_of_blocks(self.recipe))

    def stored(self, bank: Bank, facts: int) -> Stored:
        pairs = self.pairs
        hasher = NameHasher(self.keyring, "subject", digest_size(self.recipe.d_model))
        names = NameIndex.of(self.keyring, hasher, pairs.subjects, self.subject_digests)
        bits = np.array(list(self.recipe.relation_bits.values()), dtype=np.int64)
        return Stored.of(
            self.recipe,
            bank,
            seal_relations(self.keyring, self.relation_names),
            seal_answers(self.keyring, self.recipe.answer_pages, self.entry_relation, self.codes, pairs.entry_answers),
            cut_name_pages(names.folds, names.digests, self.recipe.name_pages),
            Counts(len(pairs), facts, int(bits[self.relation].sum())),
        )

    def named(self, positions: Sequence[int]) -> list[dict[str, str]]:
        """Pairs by name, for a person; at most a thousand."""
        return [
            {
                "subject": self.pairs.subjects[self.subject[at]],
                "relation": self.relation_names[self.relation[at]] or "",
            }
            for at in positions[:NAMED_FAILURES]
        ]


def _resolved(recipe: Recipe, pairs: Pairs, relation_digests: NDArray[np.uint8], device: str) -> Resolved:
    hashes = [digest.tobytes().hex() for digest in relation_digests]
    held = np.bincount(pairs.relation, minlength=len(hashes)).tolist()
    answers = np.bincount(pairs.entry_relation, minlength=len(hashes)).tolist()
    by_name = dict(zip(hashes, held, strict=True)), dict(zip(hashes, answers, strict=True))
    return resolve(recipe, *by_name, len(pairs.subjects), device)


def blocks_of(recipe: Resolved, bits: Ints, route: Words) -> Ints:
    """The number of each pair's block, from the code length of its relation (n,) and its hash (n,)."""
    block = np.empty(len(bits), dtype=np.int64)
    first = 0
    for group in recipe.groups:
        members = bits == group.code_bits
        block[members] = first + route_within_group(group, route[members])
        first += group.blocks
    return block


def sorted_by_block(block: Ints, route: Words, pad: Words) -> Ints:
    """The order of pairs by block and then by hash: blocks of a group cut the hashes into ranges."""
    order = np.argsort(route)
    if (route[order][1:] == route[order][:-1]).any():
        order = np.lexsort((pad, route))
    return order[np.argsort(block[order], kind="stable")]
