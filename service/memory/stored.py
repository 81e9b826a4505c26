"""Everything a memory is, as it is stored: what its digest covers."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from service.memory.answers import answer_cipher, decrypt, encrypt
from service.memory.bank import Bank, Block
from service.memory.hashing import Keyring
from service.memory.leaves import Leaves, rows
from service.memory.pages import AnswerPage, NamePage
from service.memory.recipe import Resolved

T = TypeVar("T")

RELATION_PAGE = 2**32  # associated data of the encrypted relation names: no answer page has this number


class Counts(NamedTuple):
    """pairs and facts held; code_bits: the sum over pairs of the length of their codes."""

    pairs: int
    facts: int
    code_bits: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit puts in the place of what had its number."""

    blocks: Mapping[int, Block]
    answers: Mapping[int, AnswerPage]
    names: Mapping[int, NamePage]
    relations: list[str | None]
    relations_sealed: bytes
    counts: Counts


@dataclass(frozen=True, slots=True)
class Stored:
    """relations: names in the order of the recipe, None where a relation has no facts; relations_sealed: the same,
    encrypted. answers and names by page.
    """

    recipe: Resolved
    bank: Bank
    relations: list[str | None]
    relations_sealed: bytes
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
        relations: list[str | None],
        relations_sealed: bytes,
        answers: list[AnswerPage],
        names: list[NamePage],
        counts: Counts,
    ) -> "Stored":
        """Hash every part."""
        leaves = Leaves(
            recipe=hashlib.sha256(canonical(recipe.to_json())).digest(),
            relations=hashlib.sha256(relations_sealed).digest(),
            blocks=rows(bank.hashes(range(len(bank.blocks)))),
            answers=rows([page.hash() for page in answers]),
            names=rows([page.hash() for page in names]),
        )
        return cls(recipe, bank, relations, relations_sealed, answers, names, counts, leaves, leaves.digest())

    def with_changes(self, changed: Changed) -> "Stored":
        """The memory after an edit; everything untouched is shared."""
        bank = self.bank.with_blocks(changed.blocks)
        leaves = self.leaves.changed(
            hashlib.sha256(changed.relations_sealed).digest(),
            dict(zip(changed.blocks, bank.hashes(changed.blocks), strict=True)),
            {number: page.hash() for number, page in changed.answers.items()},
            {number: page.hash() for number, page in changed.names.items()},
        )
        return replace(
            self,
            bank=bank,
            relations=changed.relations,
            relations_sealed=changed.relations_sealed,
            answers=_replaced(self.answers, changed.answers),
            names=_replaced(self.names, changed.names),
            counts=changed.counts,
            leaves=leaves,
            digest=leaves.digest(),
        )

    @property
    def tables_nbytes(self) -> int:
        """Bytes of answers and name index."""
        return sum(page.nbytes for page in self.answers) + sum(page.nbytes for page in self.names)


def seal_relations(keyring: Keyring, relations: Sequence[str | None]) -> bytes:
    """Relation names, encrypted."""
    return encrypt(answer_cipher(keyring), [[name] if name is not None else [] for name in relations], RELATION_PAGE)


def open_relations(keyring: Keyring, sealed: bytes) -> list[str | None]:
    """The inverse of `seal_relations`; raises MemoryMismatch."""
    return [held[0] if held else None for held in decrypt(answer_cipher(keyring), sealed, RELATION_PAGE)]


def canonical(document: object) -> bytes:
    """JSON in the one form that is hashed and authenticated."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _replaced(pages: list[T], changed: Mapping[int, T]) -> list[T]:
    pages = pages.copy()
    for number, page in changed.items():
        pages[number] = page
    return pages
