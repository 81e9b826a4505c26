"""What a memory consists of, as it is stored, and the digest of it.

The digest is a SHA-256 over the hashes of the recipe, the relation names, the blocks and the pages. The hashes of
blocks and pages are kept, so that a version that differs in a few of them is hashed in a millisecond.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from service.memory.answers import answer_cipher, decrypt_texts, encrypt_texts
from service.memory.bank import Bank, Block
from service.memory.hashing import Keyring
from service.memory.pages import AnswerPage, NamePage
from service.memory.recipe import Resolved

T = TypeVar("T")

RELATION_PAGE = 2**32  # associated data of the encrypted relation names: no answer page has this number
HASH = 32  # bytes of a SHA-256


class Counts(NamedTuple):
    """pairs and facts held; code_bits: the sum over pairs of the length of their codes."""

    pairs: int
    facts: int
    code_bits: int


class SealedRelations(NamedTuple):
    """Relation names in the order of the recipe, None where a relation has no facts; and the same, encrypted."""

    names: list[str | None]
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Leaves:
    """The hashes that the digest is made of; those of blocks and pages are rows of arrays."""

    recipe: bytes
    relations: bytes
    blocks: UInt8[ndarray, "blocks 32"]
    answers: UInt8[ndarray, "answer_pages 32"]
    names: UInt8[ndarray, "name_pages 32"]

    def digest(self) -> str:
        """The root over all leaves, as 64 hexadecimal digits."""
        total = hashlib.sha256()
        for part in (
            self.recipe,
            self.relations,
            *(each.tobytes() for each in (self.blocks, self.answers, self.names)),
        ):
            total.update(len(part).to_bytes(8, "little") + part)
        return total.hexdigest()

    def with_hashes(
        self,
        relations: bytes,
        blocks: Mapping[int, bytes],
        answers: Mapping[int, bytes],
        names: Mapping[int, bytes],
    ) -> "Leaves":
        """The leaves with these hashes instead of those with the same numbers."""
        return replace(
            self,
            relations=relations,
            blocks=_replace_hashes(self.blocks, blocks),
            answers=_replace_hashes(self.answers, answers),
            names=_replace_hashes(self.names, names),
        )


@dataclass(frozen=True, slots=True)
class StoredChanges:
    """The blocks and pages that an edit replaces, by number; relations: None where they stay."""

    blocks: Mapping[int, Block]
    answers: Mapping[int, AnswerPage]
    names: Mapping[int, NamePage]
    relations: SealedRelations | None
    counts: Counts

    def then(self, later: "StoredChanges") -> "StoredChanges":
        """These changes and then the later ones, as one."""
        return StoredChanges(
            blocks={**self.blocks, **later.blocks},
            answers={**self.answers, **later.answers},
            names={**self.names, **later.names},
            relations=later.relations or self.relations,
            counts=later.counts,
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """Answers and names by page."""

    recipe: Resolved
    bank: Bank
    relations: SealedRelations
    answers: list[AnswerPage]
    names: list[NamePage]
    counts: Counts
    leaves: Leaves
    digest: str

    @classmethod
    def of(  # noqa: PLR0917 - the parts in the order of the fields
        cls,
        recipe: Resolved,
        bank: Bank,
        relations: SealedRelations,
        answers: list[AnswerPage],
        names: list[NamePage],
        counts: Counts,
    ) -> "Stored":
        """Hash every part and put them together."""
        leaves = Leaves(
            recipe=hashlib.sha256(canonical_json(recipe.to_json())).digest(),
            relations=hashlib.sha256(relations.sealed).digest(),
            blocks=stack_hashes(bank.hashes(range(len(bank.blocks)))),
            answers=stack_hashes([page.hash() for page in answers]),
            names=stack_hashes([page.hash() for page in names]),
        )
        return cls(recipe, bank, relations, answers, names, counts, leaves, leaves.digest())

    def with_changes(self, changed: StoredChanges) -> "Stored":
        """The memory after an edit; everything untouched is shared."""
        bank, relations = self.bank.with_blocks(changed.blocks), changed.relations or self.relations
        leaves = self.leaves.with_hashes(
            hashlib.sha256(relations.sealed).digest(),
            dict(zip(changed.blocks, bank.hashes(changed.blocks), strict=True)),
            {number: page.hash() for number, page in changed.answers.items()},
            {number: page.hash() for number, page in changed.names.items()},
        )
        return replace(
            self,
            bank=bank,
            relations=relations,
            answers=_replace_pages(self.answers, changed.answers),
            names=_replace_pages(self.names, changed.names),
            counts=changed.counts,
            leaves=leaves,
            digest=leaves.digest(),
        )

    @property
    def tables_nbytes(self) -> int:
        """Bytes of answers and name index."""
        return sum(page.nbytes for page in self.answers) + sum(page.nbytes for page in self.names)


def seal_relations(keyring: Keyring, names: list[str | None]) -> SealedRelations:
    """Encrypt relation names."""
    texts = [[name] if name is not None else [] for name in names]
    return SealedRelations(names, encrypt_texts(answer_cipher(keyring), texts, RELATION_PAGE))


def open_relations(keyring: Keyring, sealed: bytes) -> SealedRelations:
    """Decrypt relation names. Raises MemoryMismatch."""
    opened = decrypt_texts(answer_cipher(keyring), sealed, RELATION_PAGE)
    return SealedRelations([held[0] if held else None for held in opened], sealed)


def canonical_json(document: object) -> bytes:
    """JSON in the one form that is hashed and authenticated."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _replace_pages(pages: list[T], changed: Mapping[int, T]) -> list[T]:
    pages = pages.copy()
    for number, page in changed.items():
        pages[number] = page
    return pages


def stack_hashes(hashes: list[bytes]) -> UInt8[ndarray, "n 32"]:
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, HASH)


def _replace_hashes(hashes: UInt8[ndarray, "n 32"], changed: Mapping[int, bytes]) -> UInt8[ndarray, "n 32"]:
    if not changed:
        return hashes
    hashes = hashes.copy()
    hashes[list(changed)] = stack_hashes(list(changed.values()))
    return hashes
