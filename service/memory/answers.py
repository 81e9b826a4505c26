"""The answers of a memory: codes in the clear, texts encrypted (AES-SIV) in pages under a subkey of the secret."""

import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from jaxtyping import Int64, Shaped, UInt64
from numpy import ndarray

from service.errors import MemoryMismatch
from service.memory.hashing import Keyring
from service.memory.pages import AnswerPage, answer_page_of
from service.memory.recall import Answers
from service.memory.recipe import KEY_BITS


def seal_answers(
    keyring: Keyring,
    pages: int,
    relations: Int64[ndarray, " n"],
    codes: UInt64[ndarray, " n"],
    answers: Sequence[Answers],
) -> list[AnswerPage]:
    """Encrypt the answers of entries (relation number, code), in pages by their codes; `pages` is a power of two."""
    page = answer_page_of(codes, pages)
    order = np.lexsort((codes, relations, page))
    ends = np.cumsum(np.bincount(page, minlength=pages)).tolist()
    cipher = answer_cipher(keyring)
    sealed = []
    for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        chosen = order[start:end]
        texts = [list(answers[entry]) for entry in chosen.tolist()]
        sealed.append(
            AnswerPage(relations[chosen].astype(np.uint32), codes[chosen], encrypt_texts(cipher, texts, number))
        )
    return sealed


class AnswerTable:
    """Code -> answers, by binary search over (relation, code). Never changes."""

    def __init__(self, keys: UInt64[ndarray, " n"], answers: Shaped[ndarray, " n+1"], code_bits: int) -> None:
        self._keys = keys
        self._answers = answers  # one more than keys: the last is empty, what -1 leads to
        self._shift = np.uint64(code_bits)

    @classmethod
    def of(cls, keyring: Keyring, pages: Sequence[AnswerPage], code_bits: int) -> "AnswerTable":
        """Open every page. Raises MemoryMismatch."""
        table = cls(np.empty(0, np.uint64), _object_column([()]), code_bits)
        return table.with_pages(keyring, {}, dict(enumerate(pages)))

    def with_pages(
        self, keyring: Keyring, old: Mapping[int, AnswerPage], new: Mapping[int, AnswerPage]
    ) -> "AnswerTable":
        """The table with the entries of the `new` pages instead of those of the `old` ones."""
        gone, come = self._page_keys(old.values()), self._page_keys(new.values())
        stay = ~np.isin(self._keys, np.setdiff1d(gone, come))
        fresh = ~np.isin(come, gone)
        if stay.all() and not fresh.any():
            return self
        cipher = answer_cipher(keyring)
        opened = [answers for number, page in new.items() for answers in open_page(cipher, page, number)]
        order = np.flatnonzero(fresh)[np.argsort(come[fresh])]
        kept, added = self._keys[stay], come[order]
        at = np.searchsorted(kept, added)
        answers = np.insert(self._answers[np.append(stay, True)], at, _object_column(opened)[order])
        return AnswerTable(np.insert(kept, at, added), answers, int(self._shift))

    @property
    def code_bits(self) -> int:
        """Where the relation's number begins in a key."""
        return int(self._shift)

    def keys(self, relations: Int64[ndarray, " n"], codes: UInt64[ndarray, " n"]) -> UInt64[ndarray, " n"]:
        keys: ndarray = (relations.astype(np.uint64) << self._shift) | codes
        return keys

    def find(self, keys: UInt64[ndarray, " n"]) -> Int64[ndarray, " n"]:
        """The position of each key, -1 where it is no code of its relation."""
        if not len(self._keys):
            return np.full(len(keys), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, at, -1)

    def answers(self, positions: Int64[ndarray, " n"]) -> list[Answers]:
        """The answers at positions; an empty tuple at -1."""
        held: list[Answers] = self._answers[positions].tolist()
        return held

    def of_relation(self, relation: int) -> tuple[UInt64[ndarray, " n"], list[Answers]]:
        """Codes and answers of every entry of one relation, by code."""
        start, end = (int(np.searchsorted(self._keys, np.uint64(at) << self._shift)) for at in (relation, relation + 1))
        codes = self._keys[start:end] - (np.uint64(relation) << self._shift)
        return codes, self._answers[start:end].tolist()

    def _page_keys(self, pages: Iterable[AnswerPage]) -> UInt64[ndarray, " n"]:
        keys = [self.keys(page.relations.astype(np.int64), page.codes) for page in pages]
        longest = max((int(page_keys.max(initial=0)) for page_keys in keys), default=0).bit_length()
        if longest > KEY_BITS:
            raise MemoryMismatch("the codes are longer than a word")
        return np.concatenate([np.empty(0, np.uint64), *keys])


def _object_column(answers: Sequence[Answers]) -> Shaped[ndarray, " n"]:
    """An array of tuples, not of what they hold."""
    column = np.empty(len(answers), dtype=object)
    column[:] = answers
    return column


def answer_cipher(keyring: Keyring) -> AESSIV:
    return AESSIV(keyring.subkey("answers", 64))


def open_page(cipher: AESSIV, page: AnswerPage, number: int) -> list[Answers]:
    """The answers of a page's entries, in its order; raises MemoryMismatch."""
    return [tuple(answers) for answers in decrypt_texts(cipher, page.ciphertext, number)]


def encrypt_texts(cipher: AESSIV, texts: object, page: int) -> bytes:
    plain = json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return cipher.encrypt(plain, [page.to_bytes(8, "little")])


def decrypt_texts(cipher: AESSIV, sealed: bytes, page: int) -> list[list[str]]:
    try:
        plain = cipher.decrypt(sealed, [page.to_bytes(8, "little")])
    except InvalidTag as error:
        raise MemoryMismatch("the answers do not open under this memory secret") from error
    texts: list[list[str]] = json.loads(plain.decode("utf-8", "surrogatepass"))
    return texts
