"""Resolving: a recipe that leaves choices open becomes one that leaves none, for the facts at hand."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from service.memory.recipe import Group, Recipe, Resolved
from service.memory.solvers import solver_of

_SPARE_ANSWERS = {"fast": 60, "compact": 12}  # answers that edits may add to a relation of few: up to 64, up to 16
_PAGE_ENTRIES = 256


def resolve(
    recipe: Recipe, pairs: Mapping[str, int], answers: Mapping[str, int], subjects: int, device: str
) -> Resolved:
    """Fix every open choice. `pairs` and `answers` count them by relation (under the hash of its name)."""
    solver = solver_of(recipe)
    check = check_bits(recipe.false_answers)
    block_facts = recipe.block_facts or solver.block_facts(recipe.profile)
    spare = _SPARE_ANSWERS[recipe.profile]
    relation_bits = {name: code_bits(count, check, spare) for name, count in sorted(answers.items())}
    groups = _groups(relation_bits, pairs, block_facts)
    sizes = solver.sizes(recipe, block_facts, groups[-1].code_bits)
    asked: dict[str, Any] = {
        name: getattr(recipe, name) for name in ("profile", "solver", "rows", "false_answers", "seed", "layers")
    }
    return Resolved(
        **asked,
        **{name: getattr(sizes, name) for name in asdict(sizes)},
        block_facts=block_facts,
        check_bits=check,
        k=max(1, sum(group.blocks for group in groups) - 1).bit_length(),
        groups=groups,
        relation_bits=relation_bits,
        answer_pages=_pages(sum(answers.values())),
        name_pages=_pages(subjects),
        device=device,
    )


def check_bits(false_answers: float) -> int:
    """Check bits c with 2^-c <= false_answers, never fewer than 12."""
    return max(12, math.ceil(-math.log2(false_answers)))


def code_bits(answers: int, check: int, spare: int) -> int:
    """Length of a relation's codes: log2 of its answers, with room for a quarter or `spare` more, and check bits."""
    return math.ceil(math.log2(max(answers + spare, answers * 1.25))) + check


def _groups(relation_bits: Mapping[str, int], pairs: Mapping[str, int], block_facts: int) -> tuple[Group, ...]:
    held: dict[int, int] = {}
    for name, bits in relation_bits.items():
        held[bits] = held.get(bits, 0) + pairs[name]
    return tuple(Group(bits, math.ceil(count / block_facts)) for bits, count in sorted(held.items()))


def _pages(entries: int) -> int:
    """A power of two: pages of at most about 256 entries."""
    return 1 << max(0, math.ceil(entries / _PAGE_ENTRIES) - 1).bit_length()
