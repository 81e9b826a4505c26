"""Memories: one trained, immutable version each, and the recipe it was built by."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from schemas.base import Reply, Request


class RecipeRequest(Request):
    """How a memory is to be built. A field left out is resolved from the profile and the facts."""

    profile: Literal["fast", "compact"] = "fast"
    solver: Literal["closed_form", "gradient"] = "closed_form"
    rows: Literal["attention", "mlp", "hybrid"] = "hybrid"
    false_answers: float = Field(default=1e-6, ge=1e-9, le=0.5)
    weight_bits: Literal[2, 4, 8] | None = None
    seed: int = Field(default=0, ge=0, lt=2**32)
    layers: int = Field(default=1, ge=1, le=4)
    d_model: int | None = Field(default=None, ge=32, le=512, multiple_of=32)
    heads: int | None = Field(default=None, ge=4, le=64)
    d_head_qk: int | None = Field(default=None, ge=1, le=256)
    d_head_vo: int | None = Field(default=None, ge=1, le=256)
    mlp_width: int | None = Field(default=None, ge=16, le=4096)
    block_facts: int | None = Field(default=None, ge=16, le=512)


class MemoryCreate(Request):
    recipe: RecipeRequest | None = None
    publish: str | None = Field(default="champion", min_length=1, max_length=64)


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
