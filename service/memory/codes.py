"""Answer codes: what a block reads out, and how it is checked.

An answer of a relation has a code of B = log2(answers) + c bits from a keyed hash. What a block stores is the code
XOR a keyed pad of the pair: the targets of different pairs are independent whatever the table, and a pair that was
never taught decodes to one of the relation's codes with probability at most 2^-c.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt64
from numpy import ndarray
from numpy.typing import NDArray

from service.memory.hashing import Keyring
from service.memory.recall import Answers


class DrawnCodes(NamedTuple):
    """The code of each entry, and which entries lost their first code to another one."""

    codes: UInt64[ndarray, " n"]
    again: Bool[ndarray, " n"]


def draw_codes(
    keyring: Keyring, relation: Sequence[bytes], bits: Int64[ndarray, " n"], answers: Sequence[Answers]
) -> DrawnCodes:
    """Draw a code for each entry (relation hash, code length, answers), distinct within a relation.

    Of entries that draw the same code the one with the smallest hash keeps it and the others draw again, so the
    codes are a function of the set of entries: counts and order have no part in it.
    """
    key, texts, masks = _prepare_draw(keyring, relation, bits, answers)
    hashes = _draw(key, texts, [0] * len(texts))
    codes = hashes & masks
    relations = np.unique(np.array(relation, dtype=object), return_inverse=True)[1]
    draws = np.zeros(len(texts), dtype=np.int64)
    while len(again := _find_losers(relations, codes, draws, hashes)):
        draws[again] += 1
        codes[again] = _draw(key, [texts[at] for at in again], draws[again].tolist()) & masks[again]
    return DrawnCodes(codes, draws > 0)


def first_codes(
    keyring: Keyring, relation: Sequence[bytes], bits: Int64[ndarray, " n"], answers: Sequence[Answers]
) -> UInt64[ndarray, " n"]:
    """The code that each entry draws first, whether or not another entry has it."""
    key, texts, masks = _prepare_draw(keyring, relation, bits, answers)
    codes: ndarray = _draw(key, texts, [0] * len(texts)) & masks
    return codes


def encode_answers(answers: Answers) -> bytes:
    """Answers as length-prefixed bytes: no two sets look alike."""
    encoded = [answer.encode("utf-8", "surrogatepass") for answer in answers]
    return b"".join(len(text).to_bytes(4, "little") + text for text in encoded)


def code_signs(words: UInt64[ndarray, " n"], bits: int) -> Float32[ndarray, "n {bits}"]:
    """The lowest `bits` bits of each word as -1 and +1."""
    shifted = words[..., None] >> np.arange(bits, dtype=np.uint64)
    return (shifted & np.uint64(1)).astype(np.float32) * 2 - 1


def code_words(positive: Bool[ndarray, "n bits"]) -> UInt64[ndarray, " n"]:
    """The inverse of `code_signs`, for at most 64 bits."""
    packed = np.packbits(positive, axis=1, bitorder="little")
    whole = np.zeros((len(packed), 8), dtype=np.uint8)
    whole[:, : packed.shape[1]] = packed
    return whole.view("<u8")[:, 0]


def _prepare_draw(
    keyring: Keyring, relation: Sequence[bytes], bits: Int64[ndarray, " n"], answers: Sequence[Answers]
) -> tuple[bytes, list[bytes], UInt64[ndarray, " n"]]:
    texts = [hashed + encode_answers(held) for hashed, held in zip(relation, answers, strict=True)]
    return keyring.subkey("code"), texts, (np.uint64(1) << bits.astype(np.uint64)) - np.uint64(1)


def _draw(key: bytes, texts: Sequence[bytes], draws: Sequence[int]) -> UInt64[ndarray, " n"]:
    blank = blake2b(key=key, digest_size=8)
    digests = []
    for text, draw in zip(texts, draws, strict=True):
        state = blank.copy()
        state.update(draw.to_bytes(4, "little") + text)
        digests.append(state.digest())
    return np.frombuffer(b"".join(digests), dtype="<u8").copy()


def _find_losers(
    relations: Int64[ndarray, " n"],
    codes: UInt64[ndarray, " n"],
    draws: Int64[ndarray, " n"],
    hashes: UInt64[ndarray, " n"],
) -> Int64[ndarray, " losers"]:
    """Entries that share relation and code with one that has drawn fewer times, or has the smaller hash."""
    order = np.lexsort((hashes, draws, codes, relations))
    same = (relations[order][1:] == relations[order][:-1]) & (codes[order][1:] == codes[order][:-1])
    losers: NDArray[np.int64] = order[1:][same]
    return losers
