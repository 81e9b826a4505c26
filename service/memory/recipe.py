"""Recipes: what a caller asks for, and what it is resolved to when a memory is trained.

The resolved recipe fixes everything that shapes the bytes of a memory except the facts and the secret: the network's
sizes, the number of blocks, the length of every relation's code. It changes only with a full training.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import ValidationError

from schemas.memories import LONGEST_CODE, RecipeRequest
from schemas.problems import Code
from service.errors import Unprocessable

ROW_STEP = 8  # rows of a block come in steps of eight: four-bit weights then fill whole bytes
WIDEN_STEP = 16
D_MODEL = 128
KEY_BITS = LONGEST_CODE + 1  # of an entry's key: the number of its relation above its code


@dataclass(frozen=True, slots=True)
class Recipe:
    """What may be asked for. `None` is resolved from the profile and the facts."""

    profile: str = "fast"
    solver: str = "closed_form"
    rows: str = "hybrid"
    false_answers: float = 1e-6
    weight_bits: int | None = None
    seed: int = 0
    layers: int = 1
    d_model: int | None = None
    heads: int | None = None
    d_head_qk: int | None = None
    d_head_vo: int | None = None
    mlp_width: int | None = None
    block_facts: int | None = None

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES_OF.get(self.solver, {}).items():
            if getattr(self, name) not in allowed:
                raise recipe_invalid(f"{name} must be {_join_choices(allowed)} where solver is {self.solver}")
        try:
            RecipeRequest.model_validate(asdict(self), strict=True)
        except ValidationError as error:
            raise invalid_fields(error) from None


@dataclass(frozen=True, slots=True)
class Group:
    """Relations whose codes have the same length share blocks; `blocks` of them, routed by a keyed hash of the pair."""

    code_bits: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Descent:
    """How the blocks of the gradient solver are trained: steps of an optimiser whose rate is decayed to 0."""

    optimiser: Literal["muon", "adamw"]
    rate: float
    steps: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a solver makes of a recipe: the part of `Resolved` that depends on how blocks are made."""

    weight_bits: int
    d_model: int
    heads: int
    d_head_qk: int
    d_head_vo: int
    mlp_width: int
    load: float
    tau0: float
    ridge: float = 0.0
    admm_steps: int = 0
    search_steps: int = 0
    descent: Descent | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """Everything that shapes a memory's bytes besides its facts and its secret.

    d_head_vo, mlp_width: the widest that a block may be; its own width follows its load.
    load: facts that a row of a solved block is asked to hold, code bits that a weight of a trained one is.
    tau0: the least margin, in units of the training target. descent: None where blocks are solved in closed form.
    relation_bits: the code length of each relation, under the hexadecimal hash of its name.
    pages: into how many parts answers and name index are cut, so that an edit touches one.
    """

    profile: str
    solver: str
    rows: str
    false_answers: float
    weight_bits: int
    seed: int
    layers: int
    d_model: int
    heads: int
    d_head_qk: int
    d_head_vo: int
    mlp_width: int
    block_facts: int
    load: float
    tau0: float
    ridge: float
    admm_steps: int
    search_steps: int
    check_bits: int
    k: int
    groups: tuple[Group, ...]
    relation_bits: dict[str, int]
    answer_pages: int
    name_pages: int
    device: str
    descent: Descent | None = None

    def to_json(self) -> dict[str, Any]:
        """Without `descent` where there is none: memories from before there was a choice keep their digest."""
        document = asdict(self)
        return document if self.descent else {name: value for name, value in document.items() if name != "descent"}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Resolved":
        """The inverse of `to_json`, for recipes that were stored: nothing is checked."""
        groups = tuple(Group(**group) for group in document["groups"])
        descent = Descent(**document["descent"]) if document.get("descent") else None
        return cls(**{**document, "groups": groups, "descent": descent})

    @property
    def least_margin(self) -> float:
        """What serving asks of a margin. Outputs of solved blocks are exact; those of trained ones are sums in float32,
        whose last bits depend on the batch, and half of what verification asks for is far above these.
        """
        return self.tau0 / 2 if self.descent else self.tau0

    @property
    def attention_width(self) -> int:
        """Width of the concatenated attention output, heads x d_head_vo."""
        return self.heads * self.d_head_vo

    @property
    def max_rows(self) -> int:
        """The widest block that the frozen network can read out."""
        return widest_readout(self.rows, self.attention_width, self.mlp_width)

    def rows_for(self, facts: int) -> int:
        """Rows of a block that holds `facts` pairs, before any widening."""
        return max(ROW_STEP, math.ceil(facts / self.load / ROW_STEP) * ROW_STEP)

    @property
    def widen_step(self) -> int:
        """Rows that a block gets more of when it does not hold its facts."""
        return ROW_STEP if self.search_steps else WIDEN_STEP


# What is open to one solver alone; what is open to all of them stands in schemas.memories.
_CHOICES_OF: dict[str, dict[str, tuple[object, ...]]] = {
    "closed_form": {"layers": (1,)},
    "gradient": {"weight_bits": (None, 8)},
}


def widest_readout(rows: str, attention_width: int, mlp_width: int) -> int:
    """Rows of the widest read-out of attention, MLP, or as many of both."""
    return {"attention": attention_width, "mlp": mlp_width, "hybrid": 2 * min(attention_width, mlp_width)}[rows]


def _join_choices(allowed: tuple[object, ...]) -> str:
    return " or ".join("null" if each is None else str(each) for each in allowed)


def recipe_invalid(detail: str) -> Unprocessable:
    return Unprocessable(f"recipe: {detail}", code=Code.RECIPE_INVALID)


def invalid_fields(error: ValidationError) -> Unprocessable:
    """What is wrong with the first field that a schema refuses, never its value."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return recipe_invalid(f"{place}: {first['msg']}" if place else first["msg"])


def digest_size(d_model: int) -> int:
    """Bytes of a name hash: at least 16, and enough bits for a token."""
    return max(16, d_model // 8)
