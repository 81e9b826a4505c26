"""How large a block's network is: its width follows its load, and grows where it does not hold its facts.

    rows        d_head_vo     mlp_width
    attention   width         none
    mlp         fixed         heads x width
    hybrid      width         heads x width

Neither grows beyond what the recipe says.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import NamedTuple

from service.memory.gradient import Shape
from service.memory.recipe import Descent, Recipe, Resolved, Sizes, recipe_invalid

MOST_WEIGHTS = 2**16 - 1  # of a block: the bank counts them in 16 bits
_HEADS = 4
_MLP_HEAD = 4  # d_head_vo where the MLP holds the facts
_NARROWEST = 3  # fewer dimensions a head learn slowly, however few the facts
_ROOM = 3  # times the width that the fullest block begins with: for blocks that have to be widened
_TAU0 = 0.1


class _Method(NamedTuple):
    load: float  # code bits a weight
    descent: Descent


# Measured: what nearly all blocks of 128 facts with codes of 27 bits hold at once, one layer and several of them.
_METHODS = {
    ("fast", False): _Method(1.3, Descent("muon", 0.05, 400)),
    ("compact", False): _Method(1.8, Descent("muon", 0.05, 1000)),
    ("fast", True): _Method(0.5, Descent("muon", 0.02, 500)),
    ("compact", True): _Method(0.7, Descent("muon", 0.02, 1500)),
}


def choose_sizes(recipe: Recipe, block_facts: int, code_bits: int) -> Sizes:
    """Choose the sizes that the recipe leaves open, for the fullest block (a binomial load, six deviations out)."""
    deep = recipe.layers > 1
    method = _METHODS[recipe.profile, deep]
    widest = Sizes(
        weight_bits=8,
        d_model=recipe.d_model or (32 * math.ceil(code_bits / 32) if deep else 32),
        heads=recipe.heads or _HEADS,
        d_head_qk=recipe.d_head_qk or (4 if deep else 1),
        d_head_vo=recipe.d_head_vo or (_MLP_HEAD if recipe.rows == "mlp" else 256),
        mlp_width=0 if recipe.rows == "attention" else recipe.mlp_width or 4096,
        load=method.load,
        tau0=_TAU0,
        descent=method.descent,
    )
    fullest = math.ceil(block_facts + 6 * math.sqrt(block_facts))
    shapes = _list_shapes(recipe, widest, code_bits)
    roomy = shapes[first_width(shapes, _ROOM * fullest, widest.load)]
    d_head_vo, mlp_width = recipe.d_head_vo or roomy.d_head_vo, recipe.mlp_width or roomy.mlp_width
    return replace(widest, d_head_vo=d_head_vo, mlp_width=min(mlp_width, widest.mlp_width))


def check(recipe: Resolved) -> None:
    """Refuse figures of the other solver, and sizes in which no block can be stored."""
    if recipe.descent is None:
        raise recipe_invalid("descent is missing where solver is gradient")
    for name in ("ridge", "admm_steps", "search_steps"):
        if getattr(recipe, name):
            raise recipe_invalid(f"{name} must be 0 where solver is gradient")
    for group in recipe.groups:
        allowed_shapes(recipe, group.code_bits)


def allowed_shapes(recipe: Resolved, code_bits: int) -> list[Shape]:
    """Every network that a block with codes of this length may be, from the narrowest to the widest."""
    return _list_shapes(recipe, recipe, code_bits)


def first_width(shapes: Sequence[Shape], facts: int, load: float) -> int:
    """The number of the narrowest shape whose weights can hold so many facts at this load."""
    enough = (at for at, shape in enumerate(shapes) if shape.parameters * load >= facts * shape.outputs)
    return next(enough, len(shapes) - 1)


def widen(width: int) -> int:
    """The next width to try: an eighth more, at least one."""
    return width + 1 + width // 8


def _list_shapes(recipe: Recipe | Resolved, widest: Sizes | Resolved, code_bits: int) -> list[Shape]:
    grows = {"attention": (True, False), "mlp": (False, True), "hybrid": (True, True)}[recipe.rows]
    attention, mlp = widest.d_head_vo, widest.mlp_width
    widths = max(attention * grows[0], math.ceil(mlp / widest.heads) * grows[1])
    shapes = (
        Shape(
            d_model=widest.d_model,
            heads=widest.heads,
            d_head_qk=widest.d_head_qk,
            d_head_vo=min(width, attention) if grows[0] else attention,
            mlp_width=min(width * widest.heads, mlp) if grows[1] else 0,
            outputs=code_bits,
            layers=recipe.layers,
        )
        for width in range(min(_NARROWEST, widths), widths + 1)
    )
    fitting = list(takewhile(lambda shape: shape.parameters <= MOST_WEIGHTS, shapes))
    if not fitting:
        raise recipe_invalid(f"a block of these sizes has more than {MOST_WEIGHTS} weights")
    return fitting
