"""Resolving: a recipe that leaves choices open becomes one that leaves none, for the facts at hand; and back."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from schemas.memories import AnyRecipe, ResolvedRecipe, is_resolved
from service.errors import Unprocessable
from service.memory.recipe import KEY_BITS, Group, Recipe, Resolved, digest_size, invalid_fields, recipe_invalid
from service.memory.solvers import solver_of

_SPARE_ANSWERS = {"fast": 60, "compact": 12}  # answers that edits may add to a relation of few: up to 64, up to 16
_PAGE_ENTRIES = 256
FEWEST_CHECK_BITS = 12
_MOST_BLOCKS = 2**22
_CHOICES = ("profile", "solver", "rows", "false_answers", "seed", "layers")
_SIZES = ("d_model", "heads", "d_head_qk", "d_head_vo", "mlp_width")
_RECIPES: TypeAdapter[AnyRecipe] = TypeAdapter(AnyRecipe)


def read_recipe(document: Mapping[str, Any] | None) -> Recipe | Resolved:
    """Read a caller's recipe: one that leaves choices open, or a resolved one, whole. None stands for the empty one.

    Raises Unprocessable (recipe_invalid) for a field that is unknown or out of range, for half of a resolved recipe,
    and for a resolved one whose fields contradict each other.
    """
    try:
        read = _RECIPES.validate_python(document or {})
    except ValidationError as error:
        raise invalid_fields(error) from None
    if not isinstance(read, ResolvedRecipe):
        return Recipe(**read.model_dump())
    fields = read.model_dump(exclude_none=True)
    resolved = Resolved.from_json(fields | {"relation_bits": dict(sorted(fields["relation_bits"].items()))})
    _check(resolved)
    return resolved


def reopened(document: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The recipe to train with when the facts have outgrown the one that was asked for: itself, where it leaves its
    choices open. Of a resolved one the choices stay and what depends on the facts goes; sizes stay where they are not
    those that the choices lead to.
    """
    if document is None or not is_resolved(document):
        return document
    asked = {name: document[name] for name in (*_CHOICES, "weight_bits", "block_facts")}
    with suppress(Unprocessable):
        asked |= _asked_sizes(Resolved.from_json(document), asked)
    return asked


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
    asked: dict[str, Any] = {name: getattr(recipe, name) for name in _CHOICES}
    return Resolved(
        **asked,
        **{name: getattr(sizes, name) for name in asdict(sizes)},
        block_facts=block_facts,
        check_bits=check,
        k=_block_bits(groups),
        groups=groups,
        relation_bits=relation_bits,
        answer_pages=_pages(sum(answers.values())),
        name_pages=_pages(subjects),
        device=device,
    )


def check_bits(false_answers: float) -> int:
    """Check bits c with 2^-c <= false_answers, never fewer than 12."""
    return max(FEWEST_CHECK_BITS, math.ceil(-math.log2(false_answers)))


def code_bits(answers: int, check: int, spare: int) -> int:
    """Length of a relation's codes: log2 of its answers, with room for a quarter or `spare` more, and check bits."""
    return math.ceil(math.log2(max(answers + spare, answers * 1.25))) + check


def _check(recipe: Resolved) -> None:
    """Raise Unprocessable where fields contradict each other. What the facts decide, the training meets."""
    longest = recipe.groups[-1].code_bits
    lengths = [group.code_bits for group in recipe.groups]
    if lengths != sorted(set(recipe.relation_bits.values())):
        raise recipe_invalid("groups must have the code lengths of relation_bits, each once, the shortest first")
    if sum(group.blocks for group in recipe.groups) > _MOST_BLOCKS:
        raise recipe_invalid(f"groups must have no more than {_MOST_BLOCKS} blocks")
    if recipe.k != _block_bits(recipe.groups):
        raise recipe_invalid(f"k must be {_block_bits(recipe.groups)} for the blocks of these groups")
    if recipe.check_bits < check_bits(recipe.false_answers):
        raise recipe_invalid(f"check_bits must be at least {check_bits(recipe.false_answers)} for these false_answers")
    if lengths[0] < recipe.check_bits:
        raise recipe_invalid("a code must not be shorter than its check_bits")
    if longest + (len(recipe.relation_bits) - 1).bit_length() > KEY_BITS:
        raise recipe_invalid(f"code length and relation number must fit {KEY_BITS} bits together")
    if any(len(name) != 2 * digest_size(recipe.d_model) for name in recipe.relation_bits):
        raise recipe_invalid(
            f"relation_bits must name relations by {2 * digest_size(recipe.d_model)} hexadecimal digits"
        )
    for name in ("answer_pages", "name_pages"):
        if getattr(recipe, name).bit_count() != 1:
            raise recipe_invalid(f"{name} must be a power of two")
    # Choices that are open to one solver alone are checked as those of a caller are.
    Recipe(solver=recipe.solver, layers=recipe.layers, weight_bits=recipe.weight_bits)
    solver_of(recipe).check(recipe)


def _asked_sizes(recipe: Resolved, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes that a recipe with these choices would not come to by itself."""
    sizes: dict[str, Any] = {}
    for name in _SIZES:
        if getattr(recipe, name) != _size(recipe, {**asked, **sizes}, name):
            sizes[name] = getattr(recipe, name)
    Recipe(**asked, **sizes)  # raises Unprocessable where these are sizes that nobody may ask for
    return sizes


def _size(recipe: Resolved, asked: Mapping[str, Any], name: str) -> int | None:
    try:
        sizes = solver_of(recipe).sizes(Recipe(**asked), recipe.block_facts, recipe.groups[-1].code_bits)
    except Unprocessable:
        return None
    size: int = getattr(sizes, name)
    return size


def _block_bits(groups: Sequence[Group]) -> int:
    """Bits that number all blocks."""
    return max(1, sum(group.blocks for group in groups) - 1).bit_length()


def _groups(relation_bits: Mapping[str, int], pairs: Mapping[str, int], block_facts: int) -> tuple[Group, ...]:
    held: dict[int, int] = {}
    for name, bits in relation_bits.items():
        held[bits] = held.get(bits, 0) + pairs[name]
    return tuple(Group(bits, math.ceil(count / block_facts)) for bits, count in sorted(held.items()))


def _pages(entries: int) -> int:
    """A power of two: pages of at most about 256 entries."""
    return 1 << max(0, math.ceil(entries / _PAGE_ENTRIES) - 1).bit_length()
