"""Recipes: what a caller asks for, and what it is resolved to when a memory is trained.

The resolved recipe fixes everything that shapes the bytes of a memory except the facts and the secret: the network's
sizes, the number of blocks, the length of every relation's code. It changes only with a full training.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from schemas.problems import Code
from service.errors import Unprocessable

ROW_STEP = 8  # rows of a block come in steps of eight: four-bit weights then fill whole bytes
WIDEN_STEP = 16
D_MODEL = 128


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
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise _invalid(f"{name} must be one of {', '.join(map(str, allowed))}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise _invalid(f"{name} must lie between {low} and {high}")
        if self.d_model is not None and self.d_model % 32:
            raise _invalid("d_model must be a multiple of 32")

    @classmethod
    def from_json(cls, document: Mapping[str, Any] | None) -> "Recipe":
        """Read a caller's recipe; Unprocessable (recipe_invalid) for an unknown field or a value out of range."""
        unknown = set(document or {}) - {field.name for field in fields(cls)}
        if unknown:
            raise _invalid(f"unknown field {min(unknown)}")
        try:
            return cls(**(document or {}))
        except TypeError as error:
            raise _invalid("a field has the wrong type") from error


@dataclass(frozen=True, slots=True)
class Group:
    """Relations whose codes have the same length share blocks; `blocks` of them, routed by a keyed hash of the pair."""

    code_bits: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Resolved:
    """Everything that shapes a memory's bytes besides its facts and its secret.

    load: facts a row of a block is asked to hold. tau0: the least margin, in units of the training target.
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
    check_bits: int
    k: int
    groups: tuple[Group, ...]
    relation_bits: dict[str, int]
    answer_pages: int
    name_pages: int
    device: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Resolved":
        groups = tuple(Group(**group) for group in document["groups"])
        return cls(**{**document, "groups": groups})

    @property
    def attention_width(self) -> int:
        """Width of the concatenated attention output, heads x d_head_vo."""
        return self.heads * self.d_head_vo

    @property
    def max_rows(self) -> int:
        """The widest block this network can read out."""
        return {
            "attention": self.attention_width,
            "mlp": self.mlp_width,
            "hybrid": 2 * min(self.attention_width, self.mlp_width),
        }[self.rows]

    def rows_for(self, facts: int) -> int:
        """Rows of a block that holds `facts` pairs, before any widening."""
        return max(ROW_STEP, math.ceil(facts / self.load / ROW_STEP) * ROW_STEP)


@dataclass(frozen=True, slots=True)
class _Method:
    load: float
    ridge: float
    admm_steps: int
    tau0: float


# Measured (tests/benchmarks/RECORDS.md): the largest load at which few blocks have to be widened.
_METHODS = {
    ("fast", 8): _Method(load=0.88, ridge=1e-3, admm_steps=0, tau0=0.125),
    ("fast", 4): _Method(load=0.75, ridge=1e-2, admm_steps=0, tau0=0.0625),
    ("compact", 8): _Method(load=1.3, ridge=1e-2, admm_steps=40, tau0=0.125),
    ("compact", 4): _Method(load=1.1, ridge=3e-2, admm_steps=6, tau0=0.0625),
}
_WEIGHT_BITS = {"fast": 8, "compact": 4}
_BLOCK_FACTS = {"fast": 64, "compact": 96}
_SPARE_ANSWERS = {"fast": 60, "compact": 12}  # answers that edits may add to a relation of few: up to 64, up to 16
_CHOICES = {
    "profile": ("fast", "compact"),
    "solver": ("closed_form",),
    "rows": ("attention", "mlp", "hybrid"),
    "weight_bits": (None, 4, 8),
    "layers": (1,),
}
_RANGES = {
    "false_answers": (1e-9, 0.5),
    "seed": (0, 2**32 - 1),
    "d_model": (32, 512),
    "heads": (4, 64),
    "d_head_qk": (1, 256),
    "d_head_vo": (1, 256),
    "mlp_width": (16, 4096),
    "block_facts": (16, 512),
}
_PAGE_ENTRIES = 256


def _invalid(detail: str) -> Unprocessable:
    return Unprocessable(f"recipe: {detail}", code=Code.RECIPE_INVALID)


def digest_size(d_model: int) -> int:
    """Bytes of a name hash: at least 16, and enough bits for a token."""
    return max(16, d_model // 8)


def check_bits(false_answers: float) -> int:
    """Check bits c with 2^-c <= false_answers, never fewer than 12."""
    return max(12, math.ceil(-math.log2(false_answers)))


def code_bits(answers: int, check: int, spare: int) -> int:
    """Length of a relation's codes: log2 of its answers, with room for a quarter or `spare` more, and check bits."""
    return math.ceil(math.log2(max(answers + spare, answers * 1.25))) + check


def resolve(recipe: Recipe, pairs: dict[str, int], answers: dict[str, int], subjects: int, device: str) -> Resolved:
    """Fix every open choice. `pairs` and `answers` count them by relation (under the hash of its name)."""
    bits = recipe.weight_bits or _WEIGHT_BITS[recipe.profile]
    method = _METHODS[recipe.profile, bits]
    check = check_bits(recipe.false_answers)
    block_facts = recipe.block_facts or _BLOCK_FACTS[recipe.profile]
    spare = _SPARE_ANSWERS[recipe.profile]
    relation_bits = {name: code_bits(count, check, spare) for name, count in sorted(answers.items())}
    groups = _groups(relation_bits, pairs, block_facts)
    heads = recipe.heads or 16
    widest = _widest(block_facts, method.load)
    attention = max(128, widest) if recipe.rows == "attention" else max(128, widest // 2)
    resolved = Resolved(
        profile=recipe.profile,
        solver=recipe.solver,
        rows=recipe.rows,
        false_answers=recipe.false_answers,
        weight_bits=bits,
        seed=recipe.seed,
        layers=recipe.layers,
        d_model=recipe.d_model or D_MODEL,
        heads=heads,
        d_head_qk=recipe.d_head_qk or 4,
        d_head_vo=recipe.d_head_vo or math.ceil(attention / heads),
        mlp_width=recipe.mlp_width or {"attention": 0, "mlp": widest, "hybrid": widest // 2}[recipe.rows],
        block_facts=block_facts,
        load=method.load,
        tau0=method.tau0,
        ridge=method.ridge,
        admm_steps=method.admm_steps,
        check_bits=check,
        k=max(1, sum(group.blocks for group in groups) - 1).bit_length(),
        groups=groups,
        relation_bits=relation_bits,
        answer_pages=_pages(sum(answers.values())),
        name_pages=_pages(subjects),
        device=device,
    )
    _check_network(resolved)
    return resolved


def _widest(block_facts: int, load: float) -> int:
    """Rows for the fullest block (its load is binomial: six deviations out) and for widening it three times."""
    fullest = math.ceil((block_facts + 6 * math.sqrt(block_facts)) / load / ROW_STEP) * ROW_STEP
    return fullest + 3 * WIDEN_STEP


def _check_network(resolved: Resolved) -> None:
    """Every sum must stay below 2^24, where float32 still counts one by one."""
    if resolved.max_rows < ROW_STEP:
        raise _invalid("the network is too narrow to read anything out")
    attention = 16 * resolved.d_model  # the largest |o|, in sixteenths
    if resolved.attention_width * attention + 256 >= 2**24:
        raise _invalid("heads x d_head_vo x d_model is too large for exact arithmetic")


def _groups(relation_bits: dict[str, int], pairs: dict[str, int], block_facts: int) -> tuple[Group, ...]:
    held: dict[int, int] = {}
    for name, bits in relation_bits.items():
        held[bits] = held.get(bits, 0) + pairs[name]
    return tuple(Group(bits, math.ceil(count / block_facts)) for bits, count in sorted(held.items()))


def _pages(entries: int) -> int:
    """A power of two: pages of at most about 256 entries."""
    return 1 << max(0, math.ceil(entries / _PAGE_ENTRIES) - 1).bit_length()
