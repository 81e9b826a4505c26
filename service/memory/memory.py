"""One trained memory: names in, answers out. Immutable, safe to share between threads."""

import os
import unicodedata
from collections.abc import Container, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8
from numpy import ndarray

from service.facts import Facts, fold, trim_all, trimmed
from service.memory import artefact
from service.memory.answers import AnswerTable
from service.memory.codes import code_words
from service.memory.devices import choose_device, core_workers
from service.memory.hashing import Keyring, NameHasher, PairHasher, as_words
from service.memory.names import NameIndex
from service.memory.patch import apply_patches
from service.memory.questions import Vocabulary
from service.memory.recall import Recalled, Verified
from service.memory.recipe import digest_size
from service.memory.restricted import Restricted
from service.memory.solvers import solver_of
from service.memory.stored import Stored, StoredChanges
from service.memory.verification import CHUNK, verify_facts

if TYPE_CHECKING:
    from torch import nn

PARALLEL = 2_048  # from this many queries on, a batch is cut into a part for each core


class Memory:
    """Holds every fact it was trained on; to anything else it answers `known=False`, but for the stated bound."""

    def __init__(self, stored: Stored, keyring: Keyring, device: str) -> None:
        hasher = NameHasher(keyring, "subject", digest_size(stored.recipe.d_model))
        folds = np.concatenate([page.folds for page in stored.names])
        digests = np.concatenate([page.digests for page in stored.names])
        self.device = device
        self.keyring = keyring
        self.subject_hasher = hasher
        self._pair_hasher = PairHasher(keyring)
        self._take(
            stored,
            NameIndex(keyring, hasher, folds, digests),
            AnswerTable.of(keyring, stored.answers, max(group.code_bits for group in stored.recipe.groups)),
        )
        self._load_relations()
        solver, blocks = solver_of(stored.recipe), stored.bank.blocks
        self.reader = solver.reader(stored.recipe, blocks, self.relation_digests, device)

    def _take(self, stored: Stored, names: NameIndex, answers: AnswerTable) -> None:
        self.stored = stored
        self.resolved = stored.recipe
        self.names = names
        self.answer_table = answers

    def _load_relations(self) -> None:
        """Each relation's hash, its code length, and the blocks it may use."""
        self._name_relations()
        self.relation_digests = np.array(
            [bytearray.fromhex(hashed) for hashed in self.resolved.relation_bits], dtype=np.uint8
        )
        groups = self.resolved.groups
        number = {group.code_bits: at for at, group in enumerate(groups)}
        of = np.array([number[bits] for bits in self.resolved.relation_bits.values()], dtype=np.int64)
        sizes = np.array([group.blocks for group in groups], dtype=np.int64)
        self._first_block = (np.cumsum(sizes) - sizes)[of]
        self._blocks = sizes[of].astype(np.uint64)
        self.code_lengths = np.array(list(self.resolved.relation_bits.values()), dtype=np.int64)

    def _name_relations(self) -> None:
        """The relations that have facts, by their names and by their folded names."""
        numbers = {name: at for at, name in enumerate(self.stored.relations.names) if name is not None}
        self.relation_numbers = dict(sorted(numbers.items()))  # in the order that a view has them
        self._relation_folds: dict[str, list[str]] = {}
        for name in self.relation_numbers:
            self._relation_folds.setdefault(fold(name), []).append(name)

    # -- versions --------------------------------------------------------------------------------------------------

    def with_patch(self, patch: bytes) -> "Memory":
        """The version that an edit made of this one; everything untouched is shared. MemoryMismatch when the patch was
        altered, belongs to another memory secret, or is not for this version.
        """
        stored, changed = apply_patches([patch], self.keyring, self.stored)
        version = copy(self)
        if changed is not None:
            version._follow(self, stored, changed)  # noqa: SLF001 - a copy of itself
        return version

    def _follow(self, before: "Memory", stored: Stored, changed: StoredChanges) -> None:
        """Turn this copy of `before` into the version after it."""
        self.__dict__.pop("_vocabulary", None)
        pages = [before.stored.names[number] for number in changed.names]
        names = before.names.with_pages(pages, list(changed.names.values()))
        held = {number: before.stored.answers[number] for number in changed.answers}
        self._take(stored, names, before.answer_table.with_pages(self.keyring, held, changed.answers))
        self._name_relations()
        self.reader = before.reader.with_blocks(stored.bank.blocks, changed.blocks)

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def digest(self) -> str:
        """SHA-256 over weights, answer table, name index and resolved recipe, as 64 hexadecimal digits."""
        return self.stored.digest

    @property
    def recipe(self) -> dict[str, Any]:
        return self.resolved.to_json()

    @property
    def relations(self) -> list[str]:
        return list(self.relation_numbers)

    @property
    def model(self) -> "nn.Module":
        """The network as a layer: called with tokens of subjects and relations, and where the block of each stands."""
        return self.reader.model

    @property
    def stored_parameters(self) -> int:
        """Weights alone; their scales are counted apart."""
        return self.stored.bank.stored_parameters

    @property
    def stored_scales(self) -> int:
        """Float16 scales by which steps are multiplied: stored and learned as the weights are."""
        return self.stored.bank.stored_scales

    @property
    def frozen_parameters(self) -> int:
        return self.reader.frozen_parameters

    @property
    def bytes(self) -> int:
        """The bank: weights, scales and block table. Not enough to answer: see `bytes_total`."""
        return self.stored.bank.nbytes

    @property
    def bytes_total(self) -> int:
        """All that a question takes but the manifest: the bank, encrypted answers with their codes, the name index."""
        return self.bytes + self.stored.tables_nbytes

    @property
    def code_bits_total(self) -> int:
        """Bits read out over all pairs: pairs times the length of their codes."""
        return self.stored.counts.code_bits

    @property
    def pairs(self) -> int:
        return self.stored.counts.pairs

    @property
    def facts(self) -> int:
        return self.stored.counts.facts

    def save(self, path: Path | str) -> None:
        """Write the artefact as the folder `path`, all or nothing."""
        artefact.save_artefact(self.stored, self.keyring, Path(path))

    # -- recall ----------------------------------------------------------------------------------------------------

    def recall(self, subjects: Sequence[str], relations: Sequence[str]) -> Recalled:
        """Ask pairs of names. What is not known as spelled is tried once more through the name index."""
        subjects = trim_all(subjects)
        at = [self.relation_numbers.get(name, -1) for name in relations]
        if -1 in at:
            at = [self.relation_numbers.get(name, -1) for name in trim_all(relations)]
        if len(subjects) != len(at):
            raise ValueError("subjects and relations must have the same length")
        relation = np.array(at, dtype=np.int64)
        position = np.full(len(subjects), -1, dtype=np.int64)
        margins = np.zeros(len(subjects), dtype=np.float32)
        asked = np.flatnonzero(relation >= 0)
        digests = self.subject_hasher.digests(subjects if len(asked) == len(at) else [subjects[i] for i in asked])
        position[asked], margins[asked] = self._ask_in_parts(digests, relation[asked])
        ambiguous = self._second_look(subjects, relations, relation, position, margins)
        known = position >= 0
        return Recalled(self.answer_table.answers(position), np.where(known, margins, 0), known, ambiguous)

    def _ask_in_parts(
        self, digests: UInt8[ndarray, "n size"], relation: Int64[ndarray, " n"]
    ) -> tuple[Int64[ndarray, " n"], Float32[ndarray, " n"]]:
        """Ask a large batch in one part for each core, which is faster than two threads in every operation."""
        if self.device != "cpu" or len(relation) < PARALLEL:
            return self.ask(digests, relation)
        parts = os.cpu_count() or 1
        answered = core_workers().map(self.ask, np.array_split(digests, parts), np.array_split(relation, parts))
        positions, margins = zip(*answered, strict=True)
        return np.concatenate(positions), np.concatenate(margins)

    def ask(
        self, digests: UInt8[ndarray, "n size"], relation: Int64[ndarray, " n"]
    ) -> tuple[Int64[ndarray, " n"], Float32[ndarray, " n"]]:
        """Ask hashed subjects and relation numbers: positions in the answer table (-1 unknown), and margins.

        A subject that is in no fact is unknown, whatever its block reads out; an empty cell of a taught subject is
        recognised by the check bits of its code.
        """
        position = np.empty(len(relation), dtype=np.int64)
        margin = np.empty(len(relation), dtype=np.float32)
        for start in range(0, len(relation), CHUNK[self.device]):
            part = slice(start, start + CHUNK[self.device])
            position[part], margin[part] = self._ask(digests[part], relation[part])
        return position, margin

    def _ask(
        self, digests: UInt8[ndarray, "n size"], relation: Int64[ndarray, " n"]
    ) -> tuple[Int64[ndarray, " n"], Float32[ndarray, " n"]]:
        pair = as_words(digests), as_words(self.relation_digests)[relation]
        route, pad = self._pair_hasher.hashes(*pair)
        block = self._first_block[relation] + (
            ((route >> np.uint64(32)) * self._blocks[relation]) >> np.uint64(32)
        ).astype(np.int64)
        bits = self.code_lengths[relation]
        positive, margin = self.reader.read(digests, relation, block, bits)
        mask = (np.uint64(1) << bits.astype(np.uint64)) - np.uint64(1)
        code = (code_words(positive) ^ pad) & mask
        position = self.answer_table.find(self.answer_table.keys(relation, code))
        position[(margin < self.resolved.least_margin) | ~self.names.holds(digests)] = -1
        return position, margin

    def _second_look(
        self,
        subjects: Sequence[str],
        relations: Sequence[str],
        relation: Int64[ndarray, " n"],
        position: Int64[ndarray, " n"],
        margins: Float32[ndarray, " n"],
    ) -> Bool[ndarray, " n"]:
        """Ask again what is unknown and spelled like exactly one taught name; mark what is spelled like several."""
        ambiguous = np.zeros(len(subjects), dtype=np.bool_)
        unknown = np.flatnonzero(position < 0).tolist()
        resolved = self.names.resolve(subjects[at] for at in unknown)
        again: list[int] = []
        digests: list[bytes] = []
        for at in unknown:
            resolution = resolved.get(subjects[at])
            if resolution is None and relation[at] >= 0:
                continue
            spelled = [trimmed(relations[at])] if relation[at] >= 0 else self._spelled_relations(relations[at])
            ambiguous[at] = bool(spelled) and (len(spelled) > 1 or (resolution is not None and resolution.ambiguous))
            if ambiguous[at] or not spelled:
                continue
            again.append(at)
            digest = resolution.digest if resolution else None
            digests.append(digest or self.subject_hasher.digest(subjects[at]))
            relation[at] = self.relation_numbers[spelled[0]]
        if again:
            joined = np.frombuffer(bytearray().join(digests), dtype=np.uint8).reshape(len(again), -1)
            position[again], margins[again] = self.ask(joined, relation[again])
        return ambiguous

    def _spelled_relations(self, name: str) -> list[str]:
        """The taught relations that an untaught spelling may stand for: by NFC one, else all that fold alike."""
        normal = trimmed(unicodedata.normalize("NFC", name))
        return [normal] if normal in self.relation_numbers else self._relation_folds.get(fold(name), [])

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.names.knows, self._relation_folds)

    def candidates(self, question: str) -> list[tuple[str, str]]:
        """The pairs (subject, relation) of taught names that stand in a sentence, longest names first."""
        return self._vocabulary.pairs_in(question)

    def within(self, relations: Container[str]) -> Restricted:
        """This memory as if it held these relations alone: no reply tells whether there are others."""
        return Restricted(self, {name: at for name, at in self.relation_numbers.items() if name in relations})

    def verify(self, facts: Facts) -> Verified:
        """Recall every pair and compare: the whole set of answers has to be equal. Time is in seconds."""
        return verify_facts(self, facts)


def load(path: Path | str, *, secret: bytes, device: str = "auto", patches: Sequence[bytes] = ()) -> Memory:
    """Read an artefact, memory-mapped, and apply the patches of the edits since, in their order; MemoryMismatch when a
    byte, the format or the secret is not the manifest's.
    """
    keyring = Keyring(secret)
    stored = artefact.load_artefact(Path(path), keyring)
    stored, _ = apply_patches(patches, keyring, stored)
    return Memory(stored, keyring, choose_device(device))
