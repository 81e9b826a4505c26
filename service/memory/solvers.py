"""The two ways to make blocks, behind one interface: nothing else in the memory knows how many there are.

closed_form   one frozen network for all blocks, whose read-outs are solved      service/memory/closed_form
gradient      a small network for each block, every weight of which is trained   service/memory/gradient
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from service.facts import Ints
from service.memory.bank import Block, Layout
from service.memory.block_inputs import BlockInputs, Work
from service.memory.closed_form.solver import ClosedFormSolver
from service.memory.gradient.solver import GradientSolver
from service.memory.recipe import Group, Recipe, Resolved, Sizes


class Reader(Protocol):
    """The blocks of one version on the device that serves. Never changes."""

    @property
    def model(self) -> nn.Module: ...

    @property
    def frozen_parameters(self) -> int:
        """Weights that are drawn from the seed, and not stored."""

    def read(
        self, digests: NDArray[np.uint8], relation: Ints, block: Ints, bits: Ints
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Ask hashed subjects (n, size) and relation numbers (n,) of blocks (n,), for codes of so many `bits` (n,):
        signs (n, longest code), and the smallest |y| of each code (n,).
        """

    def with_blocks(self, blocks: Sequence[Block], changed: Mapping[int, Block]) -> "Reader":
        """The reader of the version that has these blocks, of which `changed` differ from this reader's own."""

    def solve_again(self, inputs: BlockInputs) -> list[Block]:
        """Blocks made again after an edit, within milliseconds. Raises Unheld, and Outgrown where it cannot be done."""


class Solver(Protocol):
    """One way to make blocks, and to read them."""

    def block_facts(self, profile: str) -> int:
        """Facts a block where the recipe does not say."""

    def sizes(self, recipe: Recipe, block_facts: int, code_bits: int) -> Sizes:
        """Sizes for blocks of so many facts and codes of at most so many bits. Raises Unprocessable."""

    def layout(self, recipe: Resolved, group: Group) -> Layout:
        """How blocks of this group are stored."""

    def blocks(self, recipe: Resolved, inputs: BlockInputs, work: Work) -> list[Block]:
        """Every block of a inputs. Raises Unheld."""

    def reader(self, recipe: Resolved, blocks: Sequence[Block], relations: NDArray[np.uint8], device: str) -> Reader:
        """relations: the hash of each relation's name, (relations, size)."""


SOLVERS: Mapping[str, Solver] = {"closed_form": ClosedFormSolver(), "gradient": GradientSolver()}


def solver_of(recipe: Recipe | Resolved) -> Solver:
    return SOLVERS[recipe.solver]
