"""Codes for the answers that an edit brings, such that the codes stay a function of the set of answers alone.

As long as every answer of a relation has the first code it drew, a new answer simply draws its own. Where first codes
meet, all of the relation's codes are drawn as a training would draw them; if that gives one that pairs already read out
another code, these pairs are all over the bank, and it has to be solved anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from service.errors import Outgrown
from service.memory.answers import AnswerTable
from service.memory.codes import draw_codes, first_codes
from service.memory.hashing import Keyring
from service.memory.recall import Answers
from service.memory.recipe import Resolved

Entry = tuple[int, Answers]  # number of the relation, its answers


@dataclass(frozen=True, slots=True)
class EntryCodes:
    """The codes of one version's answers. contested: the relations in which an answer lost its first code."""

    recipe: Resolved
    keyring: Keyring
    table: AnswerTable
    contested: frozenset[int]

    def find(self, entries: Sequence[Entry]) -> dict[Entry, int]:
        """The keys of those entries that the version has."""
        keys = self._first_keys(entries)
        found = self.table.answers(self.table.find(np.array(keys, dtype=np.uint64)))
        held = {entry: key for entry, key, answers in zip(entries, keys, found, strict=True) if answers == entry[1]}
        for relation in sorted({entry[0] for entry in entries} & self.contested):
            held.update(self._find_in_relation(relation, entries))
        return held

    def draw(self, fresh: Sequence[Entry], gone: Collection[int]) -> tuple[dict[Entry, int], frozenset[int]]:
        """Draw keys for entries that the version does not have, with the entries of the keys `gone` taken out; and the
        relations that are contested then. Raises Outgrown.
        """
        keys = dict(zip(fresh, self._first_keys(fresh), strict=True))
        contested = self.contested
        left = {self._relation_of(key) for key in gone}
        for relation in sorted({entry[0] for entry in fresh} | left):
            mine = [entry for entry in fresh if entry[0] == relation]
            if relation in self.contested or self._collide([keys[entry] for entry in mine]):
                again, drawn = self._draw_again(relation, mine, gone)
                keys |= drawn
                contested = contested | {relation} if again else contested - {relation}
            self._check_room(relation, len(mine), gone)
        return keys, contested

    def _first_keys(self, entries: Sequence[Entry]) -> list[int]:
        """The key of each entry by the code that it draws first."""
        hashes = [bytes.fromhex(hashed) for hashed in self.recipe.relation_bits]
        lengths = np.array(list(self.recipe.relation_bits.values()), dtype=np.int64)
        relations = np.array([relation for relation, _ in entries], dtype=np.int64)
        hashed = [hashes[relation] for relation, _ in entries]
        codes = first_codes(self.keyring, hashed, lengths[relations], [answers for _, answers in entries])
        first: list[int] = self.table.keys(relations, codes).tolist()
        return first

    def _find_in_relation(self, relation: int, entries: Sequence[Entry]) -> dict[Entry, int]:
        codes, answers = self.table.of_relation(relation)
        keys = self.table.keys(np.full(len(codes), relation), codes).tolist()
        known = {(relation, each): key for each, key in zip(answers, keys, strict=True)}
        return {entry: known[entry] for entry in entries if entry in known}

    def _collide(self, keys: Sequence[int]) -> bool:
        """Whether two of the first codes are equal, or one of them is taken."""
        taken = self.table.find(np.array(keys, dtype=np.uint64)) >= 0
        return len(set(keys)) < len(keys) or bool(taken.any())

    def _draw_again(
        self, relation: int, fresh: Sequence[Entry], gone: Collection[int]
    ) -> tuple[bool, dict[Entry, int]]:
        codes, answers = self.table.of_relation(relation)
        keys = self.table.keys(np.full(len(codes), relation), codes).tolist()
        stay = {(relation, each): key for each, key in zip(answers, keys, strict=True) if key not in gone}
        entries = [*stay, *fresh]
        bits = list(self.recipe.relation_bits.values())[relation]
        hashed = bytes.fromhex(list(self.recipe.relation_bits)[relation])
        held = [each for _, each in entries]
        drawn = draw_codes(self.keyring, [hashed] * len(entries), np.full(len(entries), bits), held)
        after = dict(zip(entries, self.table.keys(np.full(len(entries), relation), drawn.codes).tolist(), strict=True))
        if any(after[entry] != key for entry, key in stay.items()) or any(after[entry] in gone for entry in fresh):
            raise Outgrown("an answer's code has to be drawn again")
        return bool(drawn.again.any()), {entry: after[entry] for entry in fresh}

    def _check_room(self, relation: int, fresh: int, gone: Collection[int]) -> None:
        """Raise Outgrown for more answers than the check bits allow: they would break the bound on false answers."""
        bits = list(self.recipe.relation_bits.values())[relation]
        left = sum(self._relation_of(key) == relation for key in gone)
        held = len(self.table.of_relation(relation)[0]) - left + fresh
        if fresh and held > 1 << (bits - self.recipe.check_bits):
            raise Outgrown("a relation has more answers than its codes have room for")

    def _relation_of(self, key: int) -> int:
        return key >> self.table.code_bits
