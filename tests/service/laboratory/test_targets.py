"""What networks are asked to hold."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.experiments import Task
from service.laboratory.tables import Table
from service.laboratory.targets import code_length, coded, information, problem, token_width, tokens


def grid(subjects: int, relations: int, answers: int) -> Table:
    """Every pair of some subjects and relations; answer number s mod answers."""
    s, r = np.divmod(np.arange(subjects * relations), relations)
    return Table(Task.SYNTHETIC, s, r, r * answers + s % answers, subjects, relations, relations * answers)


@given(st.integers(0, 2**32 - 1), st.integers(2, 64), st.integers(1, 60))
def test_a_part_of_a_table_has_the_targets_of_the_whole(seed: int, bits: int, facts: int) -> None:
    """A pair's target depends on seed, pair and answer alone, not on which other pairs are learned."""
    table = grid(12, 5, 3)
    whole = {
        (s, r): y.tolist() for s, r, y in zip(table.subjects, table.relations, coded(table, bits, seed), strict=True)
    }
    part = table.part(facts, seed)
    found = zip(part.subjects, part.relations, coded(part, bits, seed), strict=True)
    assert all(whole[s, r] == y.tolist() for s, r, y in found)


@given(st.integers(0, 2**32 - 1), st.integers(1, 200), st.integers(1, 20), st.integers(1, 33))
def test_every_fact_can_be_decoded(seed: int, facts: int, relations: int, answers: int) -> None:
    """Under its pair's pad the code of each answer is one that no other answer of its relation has, at the shortest
    length that a table's codes may have; a bit less is refused.
    """
    rng = np.random.default_rng(seed)
    s, r, a = (rng.integers(0, size, facts) for size in (50, relations, answers))
    table = Table(Task.DICTIONARY, s, r, a, 50, relations, answers)
    bits = code_length(table)
    everything = replace(table, subjects=np.zeros(facts, dtype=np.int64))  # so that a relation has one pad
    decoded: dict[tuple[int, ...], set[int]] = {}
    for relation, y, answer in zip(table.relations, coded(everything, bits, seed), table.answers, strict=True):
        decoded.setdefault((int(relation), *y.tolist()), set()).add(int(answer))
    assert all(len(found) == 1 for found in decoded.values())
    if (needed := int(table.numbers.max()).bit_length()) > 0:
        with pytest.raises(ValueError, match="apart"):
            coded(table, needed - 1, seed)


def test_target_bits_are_random_even_where_all_answers_are_alike() -> None:
    """In a table with one answer, bits are as often +1 as -1 and those of different pairs and places are unrelated."""
    y = coded(grid(100, 40, 1), 16, 3).astype(float)
    assert abs(y.mean()) < 0.02
    related = np.corrcoef(y.T)[np.triu_indices(16, 1)]
    assert np.abs(related).max() < 0.08


@given(st.integers(0, 2**32 - 1), st.sampled_from([16, 17, 20, 31, 64]))
def test_no_two_names_share_a_token(seed: int, width: int) -> None:
    """Tokens of a thousand names are all different, at every width and seed."""
    assert len(np.unique(tokens(np.arange(1000), width, seed), axis=0)) == 1000


def test_tokens_are_random_bits() -> None:
    """Bits of tokens are balanced and unrelated, so that tokens lie about half their width apart."""
    x = tokens(np.arange(4000), 16, 7).astype(float)
    assert abs(x.mean()) < 0.02
    assert np.abs(np.corrcoef(x.T)[np.triu_indices(16, 1)]).max() < 0.08


def test_tokens_grow_with_the_number_of_names() -> None:
    """A table of 300,000 subjects gets tokens wide enough to tell them apart, and a small one sixteen bits."""
    assert token_width(grid(50, 4, 2)) == 16
    many = Table(Task.DICTIONARY, *(np.zeros(1, dtype=np.int64),) * 3, 300_000, 20, 9)
    assert 2 ** (token_width(many) - 2) >= 300_020


def test_a_code_tells_the_answers_of_the_richest_relation_apart() -> None:
    """Answers are counted by relation: three relations of eight answers take three bits, nine take four."""
    assert [code_length(grid(30, 3, answers)) for answers in (1, 8, 9, 30)] == [3, 3, 4, 5]
    assert information(grid(32, 3, 8)) == 3.0


def test_different_seeds_ask_for_different_targets() -> None:
    """Seeds are independent draws: their targets agree on half of the bits."""
    y = [coded(grid(50, 10, 4), 8, seed).astype(float) for seed in range(4)]
    assert all(abs((a * b).mean()) < 0.1 for a, b in combinations(y, 2))


def test_noise_tokens_are_left_out() -> None:
    """A capacity is measured without noise tokens, with tokens of the asked width for subjects and relations."""
    asked = problem(grid(6, 5, 2), 8, 16, 1)
    assert asked.noise == 0
    assert asked.tokens is not None
    assert asked.tokens.shape == (11, 16)
