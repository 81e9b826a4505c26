"""The solver `gradient`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.memory.bank import Block, Layout
from service.memory.gradient.blocks import taught
from service.memory.gradient.reading import TrainedReader
from service.memory.gradient.sizes import check, sizes
from service.memory.gradient.storing import layout
from service.memory.recipe import Group, Recipe, Resolved, Sizes
from service.memory.roster import Roster, Work

BLOCK_FACTS = 128


class Trained:
    """Blocks are trained from their facts alone, so that deletion is as exact as in the closed form; it takes a
    training, since no block is trained within the time of an edit.
    """

    def block_facts(self, profile: str) -> int:  # noqa: ARG002 - one for all
        return BLOCK_FACTS

    def sizes(self, recipe: Recipe, block_facts: int, code_bits: int) -> Sizes:
        return sizes(recipe, block_facts, code_bits)

    def check(self, recipe: Resolved) -> None:
        check(recipe)

    def layout(self, recipe: Resolved, group: Group) -> Layout:
        return layout(recipe, group)

    def blocks(self, recipe: Resolved, roster: Roster, work: Work) -> list[Block]:
        return taught(recipe, roster, work)

    def reader(
        self, recipe: Resolved, blocks: Sequence[Block], relations: NDArray[np.uint8], device: str
    ) -> TrainedReader:
        return TrainedReader(recipe, blocks, relations, device)
