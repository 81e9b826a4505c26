"""The closed form: blocks are read-outs of one frozen network, solved from their facts."""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from numpy import ndarray

from service.memory.bank import Block, Layout
from service.memory.block_inputs import BlockInputs, Work
from service.memory.closed_form.batches import solve_blocks
from service.memory.closed_form.network import ShallowMemory, count_frozen_parameters
from service.memory.devices import core_workers
from service.memory.recipe import (
    D_MODEL,
    ROW_STEP,
    WIDEN_STEP,
    Group,
    Recipe,
    Resolved,
    Sizes,
    recipe_invalid,
    widest_readout,
)


@dataclass(frozen=True, slots=True)
class _Method:
    load: float
    ridge: float
    admm_steps: int
    tau0: float
    search_steps: int = 0


# Measured (tests/benchmarks/RECORDS.md): the largest load at which few blocks have to be widened.
_METHODS = {
    ("fast", 8): _Method(load=0.88, ridge=1e-3, admm_steps=0, tau0=0.125),
    ("fast", 4): _Method(load=0.75, ridge=1e-2, admm_steps=0, tau0=0.0625),
    ("compact", 8): _Method(load=1.3, ridge=1e-2, admm_steps=40, tau0=0.125),
    ("compact", 4): _Method(load=1.2, ridge=0.0, admm_steps=0, tau0=2**-6, search_steps=256),
    ("compact", 2): _Method(load=0.72, ridge=0.0, admm_steps=0, tau0=2**-6, search_steps=256),
    ("fast", 2): _Method(load=0.6, ridge=0.0, admm_steps=0, tau0=2**-6, search_steps=256),
}
_WEIGHT_BITS = {"fast": 8, "compact": 2}
BLOCK_FACTS = 64
_LEAST_RIDGE = 1e-6  # with less, a Gram matrix may have no factor in float64


class ClosedFormSolver:
    """The solver `closed_form`: ridge regression, widest margins or a search, by profile and bits a weight."""

    def block_facts(self, profile: str) -> int:  # noqa: ARG002 - one for all
        return BLOCK_FACTS

    def sizes(self, recipe: Recipe, block_facts: int, code_bits: int) -> Sizes:  # noqa: ARG002 - rows are for facts
        bits = recipe.weight_bits or _WEIGHT_BITS[recipe.profile]
        method = _METHODS[recipe.profile, bits]
        heads = recipe.heads or 16
        widest = _widest(block_facts, method.load)
        attention = max(128, widest) if recipe.rows == "attention" else max(128, widest // 2)
        sizes = Sizes(
            weight_bits=bits,
            d_model=recipe.d_model or D_MODEL,
            heads=heads,
            d_head_qk=recipe.d_head_qk or 4,
            d_head_vo=recipe.d_head_vo or math.ceil(attention / heads),
            mlp_width=recipe.mlp_width or {"attention": 0, "mlp": widest, "hybrid": widest // 2}[recipe.rows],
            load=method.load,
            tau0=method.tau0,
            ridge=method.ridge,
            admm_steps=method.admm_steps,
            search_steps=method.search_steps,
        )
        _check(sizes, recipe.rows)
        return sizes

    def check(self, recipe: Resolved) -> None:
        """A profile's weights of so many bits are solved or searched for in one way, whatever its figures."""
        method = _METHODS[recipe.profile, recipe.weight_bits]
        where = f"where a {recipe.profile} recipe stores {recipe.weight_bits} bits a weight"
        for name in ("ridge", "admm_steps", "search_steps"):
            if bool(getattr(recipe, name)) != bool(getattr(method, name)):
                raise recipe_invalid(f"{name} must {'not ' * bool(getattr(recipe, name))}be above 0 {where}")
        if 0 < recipe.ridge < _LEAST_RIDGE:
            raise recipe_invalid(f"ridge must be at least {_LEAST_RIDGE:g} {where}")
        if recipe.descent is not None:
            raise recipe_invalid("descent must be left out where solver is closed_form")
        _check(recipe, recipe.rows)

    def layout(self, recipe: Resolved, group: Group) -> Layout:
        """A row of steps for each feature that is read, and a scale for each bit of the code, or a single one where
        steps were searched for.
        """
        scales = 1 if recipe.search_steps else group.code_bits
        return Layout(group.code_bits, lambda _rows: scales)

    def blocks(self, recipe: Resolved, inputs: BlockInputs, work: Work) -> list[Block]:
        def report(part: float) -> None:
            work.report(part, "solving blocks")

        network = ShallowMemory(recipe).to(recipe.device)
        return solve_blocks(network, recipe, inputs, work.workers, report)

    def reader(
        self, recipe: Resolved, blocks: Sequence[Block], relations: UInt8[ndarray, "relations size"], device: str
    ) -> "ClosedFormReader":
        return ClosedFormReader(recipe, blocks, relations, device)


class ClosedFormReader:
    """Reads blocks through the frozen network and a table of all read-outs, where each block has a slot."""

    def __init__(
        self, recipe: Resolved, blocks: Sequence[Block], relations: UInt8[ndarray, "relations size"], device: str
    ) -> None:
        self._made_of = recipe, relations, device
        self.model = ShallowMemory(recipe, blocks, device).to(device).eval()
        self._slots = torch.arange(len(blocks), device=device)
        with torch.inference_mode():
            tokens = self.model.tokens(torch.from_numpy(relations).to(device))
            self._relation_projections = self.model.project(tokens)

    @property
    def frozen_parameters(self) -> int:
        return count_frozen_parameters(self._made_of[0])

    def read(
        self,
        digests: UInt8[ndarray, "n size"],
        relation: Int64[ndarray, " n"],
        block: Int64[ndarray, " n"],
        bits: Int64[ndarray, " n"],
    ) -> tuple[Bool[ndarray, "n longest"], Float32[ndarray, " n"]]:
        device = self._slots.device
        with torch.inference_mode():
            subject = self.model.tokens(torch.from_numpy(digests).to(device))
            slot = self._slots[torch.from_numpy(block).to(device)]
            relation_projected = self._relation_projections[torch.from_numpy(relation).to(device)]
            readout = self.model.readout
            y = readout(self.model.features(self.model.project(subject), relation_projected, readout.most), slot)
            size = y.abs() * readout.scales[slot]
            beyond = torch.arange(y.shape[1], device=device) >= torch.from_numpy(bits).to(device)[:, None]
            margin = size.masked_fill(beyond, torch.inf).amin(dim=1)
            return (y > 0).cpu().numpy(), margin.cpu().numpy()

    def with_blocks(self, blocks: Sequence[Block], changed: Mapping[int, Block]) -> "ClosedFormReader":
        """Append the changed blocks to the table that versions share; when it is full, write a new one for this
        version.
        """
        if not changed:
            return self
        slots = self.model.readout.append(list(changed.values()))
        if slots is None:
            recipe, relations, device = self._made_of
            return ClosedFormReader(recipe, blocks, relations, device)
        reader = copy(self)
        reader._slots = self._slots.clone()  # noqa: SLF001 - a copy of itself
        reader._slots[torch.tensor(list(changed), device=slots.device)] = slots  # noqa: SLF001
        return reader

    def solve_again(self, inputs: BlockInputs) -> list[Block]:
        return solve_blocks(self.model, self._made_of[0], inputs, core_workers(), _unreported)


def _widest(block_facts: int, load: float) -> int:
    """Rows for the fullest block (its load is binomial: six deviations out) and for widening it three times."""
    fullest = math.ceil((block_facts + 6 * math.sqrt(block_facts)) / load / ROW_STEP) * ROW_STEP
    return fullest + 3 * WIDEN_STEP


def _check(sizes: Sizes | Resolved, rows: str) -> None:
    """Something must be read out, and every sum must stay below 2^24, where float32 still counts one by one."""
    attention = sizes.heads * sizes.d_head_vo
    if widest_readout(rows, attention, sizes.mlp_width) < ROW_STEP:
        raise recipe_invalid("the network is too narrow to read anything out")
    largest = 16 * sizes.d_model  # of |o|, in sixteenths
    if attention * largest + 256 >= 2**24:
        raise recipe_invalid("heads x d_head_vo x d_model is too large for exact arithmetic")


def _unreported(_fraction: float) -> None:
    pass
