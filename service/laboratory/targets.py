"""What networks learn: random code bits of random tokens, so that measurements show how much a network holds, and not
how similar the names or the answers of a table are.

A fact's target is the code of its answer, XORed with a random pad of its pair, as in the memory itself. The code is the
answer's number in its relation, so that no two answers of a relation share one and every fact can be decoded; the pad
comes from a hash of the names' numbers and makes every target random. A part of a table keeps the numbers of the whole.
"""

import math

import numpy as np
from jaxtyping import Int8, Int64, UInt64
from numpy import ndarray

from service.laboratory.tables import Table
from service.memory.gradient import Problem

SHORTEST = 3
SPARE_BITS = 2
_WORD = 32


def code_length(table: Table) -> int:
    """Bits that tell the answers of the table's richest relation apart, at least three. The check bits that a memory
    adds to recognise what it was not taught are not among them.
    """
    answers = np.unique(np.stack([table.relations, table.answers]), axis=1)
    most = int(np.bincount(answers[0], minlength=1).max(initial=1))
    return max(SHORTEST, math.ceil(math.log2(max(most, 1))))


def information(table: Table) -> float:
    """The mean bits of a pair's answer, where every answer of its relation is equally likely."""
    answers = np.unique(np.stack([table.relations, table.answers]), axis=1)
    distinct = np.bincount(answers[0], minlength=table.n_relations)
    return float(np.log2(np.maximum(distinct, 1))[table.relations].mean()) if len(table) else 0.0


def make_targets(table: Table, bits: int, seed: int) -> Int8[ndarray, "n bits"]:
    """Code XOR pad of every pair as -1 and +1; bits at most 64, and enough to tell the answers of every
    relation apart: ValueError otherwise.
    """
    code = table.numbers.astype(np.uint64)
    if bits < int(code.max(initial=0)).bit_length():
        raise ValueError(f"{bits} bits do not tell the answers of every relation apart")
    pad = _mixed(table.relations, table.subjects, seed, 2)
    return _signs(code ^ pad, bits)


def token_width(table: Table) -> int:
    """Bits of a token: 16, or more where the table has so many names that random tokens would lie too close."""
    names = table.n_subjects + table.n_relations
    return max(16, (math.ceil(math.log2(max(names, 2))) + SPARE_BITS + 3) // 4 * 4)


def make_tokens(names: Int64[ndarray, " n"], width: int, seed: int) -> Int8[ndarray, "n width"]:
    """The token of each name by its number, of -1 and +1. Numbers lie below 2^min(width, 32).

    No two tokens are equal: they are a permutation of all numbers of `width` bits, 32 bits at a time.
    """
    parts = (_permuted(names, min(_WORD, width - first), seed + first) for first in range(0, width, _WORD))
    return np.concatenate(list(parts), axis=1)


def _permuted(names: Int64[ndarray, " n"], width: int, seed: int) -> Int8[ndarray, "n width"]:
    mask, half = np.uint64((1 << width) - 1), np.uint64(max(1, width // 2))
    word = names.astype(np.uint64) & mask
    for factor in _round(np.arange(seed, seed + 4, dtype=np.uint64)) | np.uint64(1):
        word = (word * factor + (factor >> np.uint64(7))) & mask
        word ^= word >> half
    return _signs(word, width)


def make_pair_tokens(table: Table, width: int, seed: int) -> tuple[Int8[ndarray, "n width"], Int8[ndarray, "n width"]]:
    """The tokens of the subject and of the relation of every pair."""
    return make_tokens(table.subjects, width, seed), make_tokens(table.n_subjects + table.relations, width, seed)


def make_problem(table: Table, bits: int, width: int, seed: int) -> Problem:
    """The table as a network learns it, with the names that occur numbered anew. Noise tokens are left out, since they
    take attention and no storage.
    """
    s, subjects = np.unique(table.subjects, return_inverse=True)
    r, relations = np.unique(table.relations, return_inverse=True)
    x = make_tokens(np.concatenate([s, table.n_subjects + r]), width, seed)
    return Problem(subjects, relations, make_targets(table, bits, seed), len(s), len(r), seed, tokens=x)


def _signs(words: UInt64[ndarray, " n"], bits: int) -> Int8[ndarray, "n bits"]:
    ones = (words[:, None] >> np.arange(bits, dtype=np.uint64)) & np.uint64(1)
    signs: Int8[ndarray, "n bits"] = (ones * 2).astype(np.int8) - np.int8(1)
    return signs


def _mixed(first: Int64[ndarray, " n"], second: Int64[ndarray, " n"], seed: int, kind: int) -> UInt64[ndarray, " n"]:
    """64 random bits of two numbers, a seed and a kind: rounds of SplitMix64 (Steele, Lea and Flood, 2014)."""
    start = np.full(len(first), (seed << 2) + kind, dtype=np.uint64)
    return _round(_round(_round(start) ^ first.astype(np.uint64)) ^ second.astype(np.uint64))


def _round(words: UInt64[ndarray, " n"]) -> UInt64[ndarray, " n"]:
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: UInt64[ndarray, " n"] = words ^ (words >> np.uint64(31))
    return mixed
