"""The two solvers behind one interface: nothing else in the memory knows how many ways there are to make a block.

closed_form   one frozen network for all blocks, whose read-outs are solved      service/memory/closed_form
gradient      a small network for each block, every weight of which is trained   service/memory/gradient

Both are loaded when the first of them is needed, and PyTorch with them: until then a process that only knows of
memories, as a service does that has just started, is spared its seconds and its 150 MB.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from jaxtyping import Bool, Float32, Int64, UInt8
from numpy import ndarray

from service.memory.bank import Block, Layout
from service.memory.block_inputs import BlockInputs, Work
from service.memory.recipe import Group, Recipe, Resolved, Sizes

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
        self,
        digests: UInt8[ndarray, "n size"],
        relation: Int64[ndarray, " n"],
        block: Int64[ndarray, " n"],
        bits: Int64[ndarray, " n"],
    ) -> tuple[Bool[ndarray, "n longest"], Float32[ndarray, " n"]]:
        """What blocks read out for hashed subjects and relation numbers, where codes have so many `bits`: the signs of
        the outputs, and the smallest |y| of each code.
        """

    def with_blocks(self, blocks: Sequence[Block], changed: Mapping[int, Block]) -> "Reader":
        """A reader for the version with these blocks, of which only `changed` differ from this reader's."""

    def solve_again(self, inputs: BlockInputs) -> list[Block]:
        """Make blocks again after an edit, within milliseconds. Raises BlocksNotHeld; Outgrown where only a training
        can.
        """


class Solver(Protocol):
    """A way to make blocks and to read them."""

    def block_facts(self, profile: str) -> int:
        """Facts per block, where the recipe does not say."""

    def sizes(self, recipe: Recipe, block_facts: int, code_bits: int) -> Sizes:
        """Choose the sizes for blocks of so many facts and codes of at most so many bits. Raises Unprocessable."""

    def check(self, recipe: Resolved) -> None:
        """Raises Unprocessable where what this solver reads of a recipe contradicts itself."""

    def layout(self, recipe: Resolved, group: Group) -> Layout:
        """How blocks of this group are stored."""

    def blocks(self, recipe: Resolved, inputs: BlockInputs, work: Work) -> list[Block]:
        """Make every block of the inputs. Raises BlocksNotHeld."""

    def reader(
        self, recipe: Resolved, blocks: Sequence[Block], relations: UInt8[ndarray, "relations size"], device: str
    ) -> Reader:
        """A reader for these blocks. relations: the hash of each relation's name."""


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
    from service.memory.closed_form.solver import ClosedFormSolver  # noqa: PLC0415 - PyTorch: see the head of this file
    from service.memory.gradient.solver import GradientSolver  # noqa: PLC0415

    return {"closed_form": ClosedFormSolver(), "gradient": GradientSolver()}
