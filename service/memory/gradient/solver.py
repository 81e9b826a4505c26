"""The solver `gradient`."""

from collections.abc import Sequence

from jaxtyping import UInt8
from numpy import ndarray

from service.memory.bank import Block, Layout
from service.memory.block_inputs import BlockInputs, Work
from service.memory.gradient.blocks import train_blocks
from service.memory.gradient.reading import GradientReader
from service.memory.gradient.sizes import check, choose_sizes
from service.memory.gradient.storing import weight_layout
from service.memory.recipe import Group, Recipe, Resolved, Sizes

BLOCK_FACTS = 128


class GradientSolver:
    """The solver `gradient`. Each block is trained from its own facts alone, so that deletion is as exact as in the
    closed form; but it takes a training, since no block can be trained within the time of an edit.
    """

    def block_facts(self, profile: str) -> int:  # noqa: ARG002 - one for all
        return BLOCK_FACTS

    def sizes(self, recipe: Recipe, block_facts: int, code_bits: int) -> Sizes:
        return choose_sizes(recipe, block_facts, code_bits)

    def check(self, recipe: Resolved) -> None:
        check(recipe)

    def layout(self, recipe: Resolved, group: Group) -> Layout:
        return weight_layout(recipe, group)

    def blocks(self, recipe: Resolved, inputs: BlockInputs, work: Work) -> list[Block]:
        return train_blocks(recipe, inputs, work)

    def reader(
        self, recipe: Resolved, blocks: Sequence[Block], relations: UInt8[ndarray, "relations size"], device: str
    ) -> GradientReader:
        return GradientReader(recipe, blocks, relations, device)
