"""Memories: one trained, immutable version each, and the recipe it was built by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from schemas.base import AliasName, Number, Reply, Request, Whole, document

LONGEST_CODE = 62
"""Bits of an answer's code, check bits among them."""

Profile = Literal["fast", "compact"]
Solver = Literal["closed_form", "gradient"]
Rows = Literal["attention", "mlp", "hybrid"]
FalseAnswers = Annotated[Number, Field(ge=1e-9, le=0.5, allow_inf_nan=False)]
WeightBits = Literal[2, 4, 8]
Seed = Annotated[Whole, Field(ge=0, lt=2**32)]
Layers = Annotated[Whole, Field(ge=1, le=4)]
Width = Annotated[Whole, Field(ge=32, le=512, multiple_of=32)]
Heads = Annotated[Whole, Field(ge=4, le=64)]
KeyWidth = Annotated[Whole, Field(ge=1, le=256)]
BlockFacts = Annotated[Whole, Field(ge=16, le=512)]


class RecipeRequest(Request):
    """How a memory is to be built. A field left out is resolved from the profile and the facts."""

    model_config = document(
        {"profile": "compact", "seed": 7},
        **{
            "not": {
                "required": ["solver", "weight_bits"],
                "properties": {"solver": {"const": "gradient"}, "weight_bits": {"enum": [2, 4]}},
            }
        },
    )

    profile: Profile = "fast"
    solver: Solver = "closed_form"
    rows: Rows = "hybrid"
    false_answers: FalseAnswers = 1e-6
    weight_bits: WeightBits | None = None
    seed: Seed = 0
    layers: Layers = 1
    d_model: Width | None = None
    heads: Heads | None = None
    d_head_qk: KeyWidth | None = None
    d_head_vo: Whole | None = Field(default=None, ge=1, le=256)
    mlp_width: Whole | None = Field(default=None, ge=16, le=4096)
    block_facts: BlockFacts | None = None


class RecipeGroup(Request):
    """Blocks shared by the relations whose codes have this length."""

    code_bits: Whole = Field(ge=12, le=LONGEST_CODE)
    blocks: Whole = Field(ge=1, le=2**22)


class RecipeDescent(Request):
    """How the blocks of the solver `gradient` are trained."""

    optimiser: Literal["muon", "adamw"]
    rate: Number = Field(gt=0, le=10, allow_inf_nan=False)
    steps: Whole = Field(ge=1, le=100_000)


class ResolvedRecipe(Request):
    """The recipe of a memory as `GET /v1/memories/{id}` shows it. Sent back whole, it gives the same digest on the same
    facts of the same dictionary. `relation_bits` has the code length of each relation under the keyed hash of its name,
    so a resolved recipe serves no other dictionary.
    """

    profile: Profile
    solver: Solver
    rows: Rows
    false_answers: FalseAnswers
    weight_bits: WeightBits
    seed: Seed
    layers: Layers
    d_model: Width
    heads: Heads
    d_head_qk: KeyWidth
    d_head_vo: Whole = Field(ge=1, le=512)
    mlp_width: Whole = Field(ge=0, le=4096)
    block_facts: BlockFacts
    load: Number = Field(ge=0.01, le=8, allow_inf_nan=False)
    tau0: Number = Field(gt=0, le=1, allow_inf_nan=False)
    ridge: Number = Field(ge=0, le=1, allow_inf_nan=False)
    admm_steps: Whole = Field(ge=0, le=1000)
    search_steps: Whole = Field(ge=0, le=4096)
    check_bits: Whole = Field(ge=12, le=LONGEST_CODE)
    k: Whole = Field(ge=1, le=64)
    groups: list[RecipeGroup] = Field(min_length=1, max_length=LONGEST_CODE)
    relation_bits: dict[Annotated[str, Field(pattern=r"^(?:[0-9a-f]{2}){16,64}$")], Whole] = Field(min_length=1)
    answer_pages: Whole = Field(ge=1, le=2**20)
    name_pages: Whole = Field(ge=1, le=2**20)
    device: Literal["cpu", "cuda"]
    descent: RecipeDescent | None = None


_RESOLVED_ONLY = ResolvedRecipe.model_fields.keys() - RecipeRequest.model_fields.keys()


def is_resolved(recipe: Mapping[str, Any]) -> bool:
    """Whether a recipe has a field that only resolved ones have."""
    return not _RESOLVED_ONLY.isdisjoint(recipe)


def _whole(recipe: object) -> object:
    """Read a recipe by the shape that its fields tell; half of a resolved one is refused."""
    if isinstance(recipe, ResolvedRecipe):
        return recipe
    if not isinstance(recipe, Mapping) or not is_resolved(recipe):
        return RecipeRequest.model_validate(recipe)
    needed = [name for name, field in ResolvedRecipe.model_fields.items() if field.is_required()]
    if missing := [name for name in needed if name not in recipe]:
        extra = [name for name in ResolvedRecipe.model_fields if name in _RESOLVED_ONLY and name in recipe]
        raise PydanticCustomError(
            "recipe_half",
            "this is half of a resolved recipe: {missing} missing. Send every field that the memory's own recipe shows,"
            " or leave out {extra}",
            {"missing": f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'}", "extra": ", ".join(extra)},
        )
    return ResolvedRecipe.model_validate(recipe)


AnyRecipe = Annotated[RecipeRequest | ResolvedRecipe, BeforeValidator(_whole)]
"""A recipe that leaves choices open, or a resolved one, whole."""


class MemoryCreate(Request):
    model_config = document(
        {},
        {"recipe": {"profile": "compact"}, "publish": "challenger"},
        {"recipe": {"solver": "gradient", "seed": 7}, "publish": None},
    )

    recipe: AnyRecipe | None = None
    publish: AliasName | None = "champion"


class MemoryInfo(Reply):
    """`stored_parameters` counts the weights that are stored and differ by dictionary; `frozen_parameters` those drawn
    from the seed; `bytes` weights, scales and block table; `bytes_total` adds answers and name index. Versions that
    edits made share a `lineage` with the trained one they come from; `retained`: whether it can still be recalled.
    """

    id: str
    dictionary: str
    created_at: datetime
    ledger_version: int
    digest: str
    facts: int
    pairs: int
    recipe: dict[str, object]
    stored_parameters: int
    frozen_parameters: int
    bytes: int
    bytes_total: int
    code_bits_total: int
    train_seconds: float
    verify_seconds: float
    device: str
    parent: str | None
    lineage: str
    retained: bool
    aliases: list[str]


class MemoryList(Reply):
    memories: list[MemoryInfo]
    cursor: str | None
