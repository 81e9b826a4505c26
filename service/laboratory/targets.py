"""What a network has to read out, and of what: random code bits of random tokens, so that what is measured is how much
it holds, not how much alike the names or the answers of a table are.

A fact's target is the code of its answer, XORed with a random pad of its pair, as in the memory itself. The code is the
answer's number in its relation, so that no two answers of a relation share one and every fact can be decoded; the pad
comes from a hash of the names' numbers and makes every target random. A part of a table keeps the numbers of the whole.
"""

import math

import numpy as np
from numpy.typing import NDArray

from service.facts import Ints
from service.laboratory.tables import Table
from service.memory.gradient import Problem

SHORTEST = 3
SPARE_BITS = 2
_WORD = 32
_Words = NDArray[np.uint64]


def code_length(table: Table) -> int:
    """Bits that tell the answers of the table's richest relation apart, and never fewer than three. Check bits, which
    a memory adds so that it knows what it does not know, come on top.
    """
    answers = np.unique(np.stack([table.relations, table.answers]), axis=1)
    most = int(np.bincount(answers[0], minlength=1).max(initial=1))
    return max(SHORTEST, math.ceil(math.log2(max(most, 1))))


def information(table: Table) -> float:
    """Bits that the answer of a pair carries when every answer of its relation is equally likely, on average."""
    answers = np.unique(np.stack([table.relations, table.answers]), axis=1)
    distinct = np.bincount(answers[0], minlength=table.n_relations)
    return float(np.log2(np.maximum(distinct, 1))[table.relations].mean()) if len(table) else 0.0


def coded(table: Table, bits: int, seed: int) -> NDArray[np.int8]:
    """Code XOR pad of every pair as -1 and +1, (n, bits); bits at most 64, and enough to tell the answers of every
    relation apart: ValueError otherwise.
    """
    code = table.numbers.astype(np.uint64)
    if bits < int(code.max(initial=0)).bit_length():
        raise ValueError(f"{bits} bits do not tell the answers of every relation apart")
    pad = _mixed(table.relations, table.subjects, seed, 2)
    return _signs(code ^ pad, bits)


def token_width(table: Table) -> int:
    """Bits of a token: 16, and more where a table has so many names that random tokens would lie too close."""
    names = table.n_subjects + table.n_relations
    return max(16, (math.ceil(math.log2(max(names, 2))) + SPARE_BITS + 3) // 4 * 4)


def tokens(names: Ints, width: int, seed: int) -> NDArray[np.int8]:
    """The token of each name by its number, (n, width) of -1 and +1; numbers lie below 2^min(width, 32).

    No two are alike: numbers are led through a permutation of all numbers of `width` bits, 32 bits at a time.
    """
    parts = (_permuted(names, min(_WORD, width - first), seed + first) for first in range(0, width, _WORD))
    return np.concatenate(list(parts), axis=1)


def _permuted(names: Ints, width: int, seed: int) -> NDArray[np.int8]:
    mask, half = np.uint64((1 << width) - 1), np.uint64(max(1, width // 2))
    word = names.astype(np.uint64) & mask
    for factor in _round(np.arange(seed, seed + 4, dtype=np.uint64)) | np.uint64(1):
        word = (word * factor + (factor >> np.uint64(7))) & mask
        word ^= word >> half
    return _signs(word, width)


def pair_tokens(table: Table, width: int, seed: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Tokens of the subject and of the relation of every pair, (n, width) each."""
    return tokens(table.subjects, width, seed), tokens(table.n_subjects + table.relations, width, seed)


def problem(table: Table, bits: int, width: int, seed: int) -> Problem:
    """The table as a network learns it: names that occur, numbered anew. Its noise tokens stay away: they ask for
    attention, not for room.
    """
    s, subjects = np.unique(table.subjects, return_inverse=True)
    r, relations = np.unique(table.relations, return_inverse=True)
    x = tokens(np.concatenate([s, table.n_subjects + r]), width, seed)
    return Problem(subjects, relations, coded(table, bits, seed), len(s), len(r), seed, tokens=x)


def _signs(words: _Words, bits: int) -> NDArray[np.int8]:
    return (((words[:, None] >> np.arange(bits, dtype=np.uint64)) & np.uint64(1)) * 2).astype(np.int8) - np.int8(1)


def _mixed(first: Ints, second: Ints, seed: int, kind: int) -> _Words:
    """64 random bits of two numbers, a seed and a kind: rounds of SplitMix64 (Steele, Lea and Flood, 2014)."""
    start = np.full(len(first), (seed << 2) + kind, dtype=np.uint64)
    return _round(_round(_round(start) ^ first.astype(np.uint64)) ^ second.astype(np.uint64))


def _round(words: _Words) -> _Words:
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
