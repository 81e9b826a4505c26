"""The answers of a memory: codes in the clear, texts encrypted (AES-SIV) in pages under a subkey of the secret."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from numpy.typing import NDArray

from service.errors import MemoryMismatch
from service.memory.codes import MAX_CODE_BITS
from service.memory.facts import Answers
from service.memory.hashing import Keyring, Words


@dataclass(frozen=True, slots=True)
class AnswerPages:
    """As stored: entries sorted by (page, relation, code); page p has counts[p] of them.

    Its ciphertext is [ends[p-1], ends[p]).
    """

    counts: NDArray[np.uint32]
    relations: NDArray[np.uint32]
    codes: Words
    ends: NDArray[np.uint64]
    ciphertext: NDArray[np.uint8]

    @property
    def nbytes(self) -> int:
        columns = (self.counts, self.relations, self.codes, self.ends, self.ciphertext)
        return sum(column.nbytes for column in columns)


def seal(
    keyring: Keyring, pages: int, relations: NDArray[np.int64], codes: Words, answers: Sequence[Answers]
) -> AnswerPages:
    """Encrypt the answers of entries (relation number, code), cut into `pages` (a power of two) by the code."""
    page = (codes & np.uint64(pages - 1)).astype(np.int64)
    order = np.lexsort((codes, relations, page))
    counts = np.bincount(page, minlength=pages).astype(np.uint32)
    cipher = AESSIV(keyring.subkey("answers", 64))
    sealed, at = [], 0
    for number, count in enumerate(counts.tolist()):
        texts = [list(answers[entry]) for entry in order[at : at + count].tolist()]
        sealed.append(encrypt(cipher, texts, number))
        at += count
    ends = np.cumsum([len(part) for part in sealed], dtype=np.uint64)
    ciphertext = np.frombuffer(b"".join(sealed), dtype=np.uint8)
    return AnswerPages(counts, relations[order].astype(np.uint32), codes[order], ends, ciphertext)


class AnswerTable:
    """Code -> answers, by binary search over (relation, code)."""

    def __init__(self, keyring: Keyring, pages: AnswerPages, code_bits: int) -> None:
        if int(pages.relations.max(initial=0)).bit_length() + code_bits > MAX_CODE_BITS:
            raise MemoryMismatch("the codes are longer than a word")
        self._shift = np.uint64(code_bits)
        keys = self.keys(pages.relations.astype(np.int64), pages.codes)
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        opened = _opened(keyring, pages)
        self._answers = np.empty(len(order) + 1, dtype=object)
        self._answers[:] = [*(opened[at] for at in order.tolist()), ()]

    def keys(self, relations: NDArray[np.int64], codes: Words) -> Words:
        return (relations.astype(np.uint64) << self._shift) | codes

    def find(self, keys: Words) -> NDArray[np.int64]:
        """The position of each key, -1 where it is no code of its relation."""
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, at, -1)

    def answers(self, positions: NDArray[np.int64]) -> list[Answers]:
        """The answers at positions; an empty tuple at -1."""
        held: list[Answers] = self._answers[positions].tolist()
        return held


def encrypt(cipher: AESSIV, texts: object, page: int) -> bytes:
    plain = json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return cipher.encrypt(plain, [page.to_bytes(8, "little")])


def decrypt(cipher: AESSIV, sealed: bytes, page: int) -> list[list[str]]:
    try:
        plain = cipher.decrypt(sealed, [page.to_bytes(8, "little")])
    except InvalidTag as error:
        raise MemoryMismatch("the answers do not open under this memory secret") from error
    texts: list[list[str]] = json.loads(plain.decode("utf-8", "surrogatepass"))
    return texts


def _opened(keyring: Keyring, pages: AnswerPages) -> list[Answers]:
    cipher = AESSIV(keyring.subkey("answers", 64))
    opened: list[Answers] = []
    start = 0
    for number, end in enumerate(pages.ends.tolist()):
        opened += map(tuple, decrypt(cipher, pages.ciphertext[start:end].tobytes(), number))
        start = end
    return opened
