"""Sizes of blocks, and their weights as bytes."""

import numpy as np
from hypothesis import given, reject
from hypothesis import strategies as st

from service.errors import Unprocessable
from service.memory.gradient import Shape
from service.memory.gradient.reading import token_signs
from service.memory.gradient.sizes import MOST_WEIGHTS, allowed_shapes, first_width, widen
from service.memory.gradient.storing import read_weights, store_block, weight_layout
from service.memory.gradient.weights import draw_weights, weight_shapes
from service.memory.recipe import Recipe, Resolved
from service.memory.resolution import resolve

RECIPES = st.builds(
    Recipe,
    solver=st.just("gradient"),
    profile=st.sampled_from(["fast", "compact"]),
    rows=st.sampled_from(["attention", "mlp", "hybrid"]),
    layers=st.integers(1, 4),
    heads=st.none() | st.integers(4, 16),
    mlp_width=st.none() | st.integers(16, 64),
    d_head_vo=st.none() | st.integers(1, 20),
    block_facts=st.none() | st.integers(16, 512),
)


def resolved(recipe: Recipe) -> Resolved:
    """Resolved for a thousand facts, unless its sizes are refused as too large."""
    try:
        return resolve(recipe, {"00": 1_000}, {"00": 50}, 900, "cpu")
    except Unprocessable:
        reject()


@given(RECIPES)
def test_shapes_grow_within_what_is_allowed(recipe: Recipe) -> None:
    """From width to width a network has more weights, never more than the bank counts nor wider than the recipe."""
    made = resolved(recipe)
    shapes = allowed_shapes(made, 27)
    counts = [shape.parameters for shape in shapes]
    assert counts == sorted(set(counts))
    assert counts[-1] <= MOST_WEIGHTS
    assert shapes[-1].d_head_vo <= made.d_head_vo
    assert shapes[-1].mlp_width <= made.mlp_width
    assert made.mlp_width == 0 or recipe.rows != "attention"


@given(RECIPES, st.integers(0, 600))
def test_the_first_width_carries_its_load(recipe: Recipe, facts: int) -> None:
    """It is the narrowest with as many weights as the load asks for, or the widest there is; wider is always wider."""
    made = resolved(recipe)
    shapes = allowed_shapes(made, 27)
    at = first_width(shapes, facts, made.load)
    assert at == len(shapes) - 1 or shapes[at].parameters * made.load >= facts * 27
    assert at == 0 or shapes[at - 1].parameters * made.load < facts * 27
    assert widen(at) > at


@given(st.integers(1, 3), st.integers(4, 6), st.integers(1, 5), st.integers(0, 9), st.integers(12, 40))
def test_weights_survive_their_bytes(layers: int, heads: int, d_head_vo: int, mlp_width: int, bits: int) -> None:
    """Weights that lie on their units' steps come back as they were; all others within half a step."""
    shape = Shape(32, heads, 2, d_head_vo, mlp_width, bits, layers=layers)
    weights = {name: weight.numpy() for name, weight in draw_weights(shape, 7).items()}
    block = store_block(shape, weights)
    again = {name: weight[0].numpy() for name, weight in read_weights(shape, [block]).items()}
    assert block.steps.shape == (shape.parameters, 1)
    assert {name: weight.shape for name, weight in again.items()} == weight_shapes(shape)
    for name, weight in weights.items():
        assert np.abs(again[name] - weight).max() <= np.abs(weight).max() / 127
    twice = store_block(shape, again)
    assert np.array_equal(twice.steps, block.steps)
    assert np.array_equal(twice.scales, block.scales)


@given(RECIPES)
def test_a_block_is_laid_out_by_its_number_of_weights(recipe: Recipe) -> None:
    """The number of scales follows from it, for every width."""
    made = resolved(recipe)
    laid = weight_layout(made, made.groups[0])
    shape = allowed_shapes(made, made.groups[0].code_bits)[0]
    weights = {name: weight.numpy() for name, weight in draw_weights(shape, 1).items()}
    assert laid.width == 1
    assert laid.scales(shape.parameters) == len(store_block(shape, weights).scales)


@given(st.binary(min_size=16, max_size=16))
def test_tokens_are_the_bits_of_a_hash(digest: bytes) -> None:
    """The leading bits, the highest of each byte first, as -1 and +1."""
    token = token_signs(np.frombuffer(digest, dtype=np.uint8)[None], 32)[0]
    number = int.from_bytes(digest[:4], "big")
    assert [1 if number >> (31 - at) & 1 else -1 for at in range(32)] == token.tolist()
