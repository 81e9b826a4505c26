"""The two ways to make blocks, behind one interface: nothing else in the memory knows how many there are.

closed_form   one frozen network for all blocks, whose read-outs are solved      service/memory/closed_form
gradient      a small network for each block, every weight of which is trained   service/memory/gradient

Both are loaded when the first of them is needed, and PyTorch with them: until then a process that only knows of
memories, as a service does that has just started, is spared its seconds and its 150 MB.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from service.facts import Ints
from service.memory.bank import Block, Layout
from service.memory.recipe import Group, Recipe, Resolved, Sizes
from service.memory.roster import Roster, Work

if TYPE_CHECKING:
    from torch import nn


class Reader(Protocol):
    """The blocks of one version on the device that serves. Never changes."""

    @property
    def model(self) -> "nn.Module": ...

    @property
    def frozen_parameters(self) -> int:
        """Weights that are drawn from the seed, and not stored."""

    def read(
        self, digests: NDArray[np.uint8], relation: Ints, block: Ints, bits: Ints
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Ask hashed subjects (n, size) and relation numbers (n,) of blocks (n,), for codes of so many `bits` (n,):
        signs (n, longest code), and the smallest |y| of each code (n,).
        """

    def followed(self, blocks: Sequence[Block], changed: Mapping[int, Block]) -> "Reader":
        """The reader of the version that has these blocks, of which `changed` differ from this reader's own."""

    def again(self, roster: Roster) -> list[Block]:
        """Blocks made again after an edit, within milliseconds. Raises Unheld, and Outgrown where it cannot be done."""


class Solver(Protocol):
    """One way to make blocks, and to read them."""

    def block_facts(self, profile: str) -> int:
        """Facts a block where the recipe does not say."""

    def sizes(self, recipe: Recipe, block_facts: int, code_bits: int) -> Sizes:
        """Sizes for blocks of so many facts and codes of at most so many bits. Raises Unprocessable."""

    def check(self, recipe: Resolved) -> None:
        """Raises Unprocessable where what this solver reads of a recipe contradicts itself."""

    def layout(self, recipe: Resolved, group: Group) -> Layout:
        """How blocks of this group are stored."""

    def blocks(self, recipe: Resolved, roster: Roster, work: Work) -> list[Block]:
        """Every block of a roster. Raises Unheld."""

    def reader(self, recipe: Resolved, blocks: Sequence[Block], relations: NDArray[np.uint8], device: str) -> Reader:
        """relations: the hash of each relation's name, (relations, size)."""


_LOADING = Lock()


def solver_of(recipe: Recipe | Resolved) -> Solver:
    """The solver that the recipe names, loaded if it is not yet."""
    return _solvers()[recipe.solver]


def prepare() -> None:
    """Load PyTorch and everything that makes and reads blocks, which takes seconds; the first memory would wait for it.
    Whoever calls meanwhile waits for the same loading.
    """
    _solvers()


def _solvers() -> Mapping[str, Solver]:
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> Mapping[str, Solver]:
    from service.memory.closed_form.solver import ClosedForm  # noqa: PLC0415 - PyTorch: see the head of this file
    from service.memory.gradient.solver import Trained  # noqa: PLC0415

    return {"closed_form": ClosedForm(), "gradient": Trained()}
