"""Trials of how many bits a weight needs: blocks of a table over the memory's frozen network, and networks trained end
to end of which every weight is rounded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from schemas.memories import LONGEST_CODE
from service.laboratory.bench import Result, Trial
from service.laboratory.sizes.shapes import Design, nearest
from service.laboratory.tables import Table
from service.laboratory.targets import code_length, coded, information, pair_tokens, problem, token_width
from service.memory.gradient import Run, Schedule, facts_right, train
from service.memory.measuring import FrozenNetwork, Storing, facts_held_as_stored, widest_weights
from service.memory.resolution import check_bits

BITS = (2, 3, 4, 6, 8)
FACTS, BLOCKS = 64, 4
ROW_STEP = 8
NETWORK_BITS = 12
MOST_SEARCHED = 4
_WIDEST = {8: 1.25, 6: 1.5, 4: 2.25, 3: 2.5, 2: 2.75}
"""Rows a fact from which blocks are made narrower, by bits a weight."""
_SCHEDULE = Schedule(steps=800, check_every=40)
_RATES = (0.01, 0.03)
_HYBRID = Design("hybrid", 0.5)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of a table. information: bits that the answer of a pair carries, on average."""

    table: Table
    facts: int
    number: int
    code_bits: int
    information: float

    @classmethod
    def of(cls, table: Table, false_answers: float) -> "Blocks":
        """As large as a memory's blocks, and with codes as long as its longest."""
        facts = min(FACTS, len(table))
        number = max(1, min(BLOCKS, len(table) // FACTS))
        code = min(LONGEST_CODE, code_length(table) + check_bits(false_answers))
        return cls(table, facts, number, code, information(table))

    def trial(self, weight_bits: int, seed: int) -> Trial:
        """Recall at one bit of code a weight; and, by way of storing, the narrowest blocks that hold every fact."""
        shape = {"facts": self.facts, "blocks": self.number, "code_bits": self.code_bits, "weight_bits": weight_bits}
        key = {"kind": "precision", "table": self.table.digest, "seed": seed, **shape}
        return Trial(key, partial(self._work, weight_bits, seed))

    def _work(self, weight_bits: int, seed: int) -> Result:
        ways = ways_of(weight_bits)
        recall = self._recall(weight_bits, seed, _up(self.facts), ways)
        narrowest: dict[Storing, int | None] = dict.fromkeys(ways)
        for rows in range(_up(self.facts * _WIDEST[weight_bits]), 0, -ROW_STEP):
            ways = [way for way, share in self._recall(weight_bits, seed, rows, ways).items() if share == 1.0]
            narrowest |= dict.fromkeys(ways, rows)
            if not ways:
                break
        return {"recall": recall, "rows": narrowest}

    def _recall(self, weight_bits: int, seed: int, rows: int, ways: Sequence[Storing]) -> dict[Storing, float]:
        """Share of facts right from blocks of `rows` rows."""
        part = self.table.part(self.facts * self.number, seed)
        shuffled = np.random.default_rng(seed).permutation(len(part))
        network = FrozenNetwork("hybrid", rows, seed)
        features = network.features(*pair_tokens(part, network.d_model, seed))[shuffled]
        F = features.reshape(self.number, self.facts, rows)
        Y = coded(part, self.code_bits, seed)[shuffled].reshape(self.number, self.facts, self.code_bits)
        W = widest_weights(F, Y)
        return {way: float(facts_held_as_stored(F, Y, W, weight_bits, way).mean()) for way in ways}


def ways_of(weight_bits: int) -> list[Storing]:
    """Ways of storing that make sense: above four bits there is nothing to search for."""
    return [way for way in Storing if way is not Storing.SEARCHED or weight_bits <= MOST_SEARCHED]


def rounded_network(blocks: Blocks, seed: int, device: str) -> Trial:
    """A network with as many parameters as the facts have code bits, trained end to end; the share of facts that are
    right when every weight is rounded to its nearest step.
    """
    shape = {"facts": blocks.facts * 2, "code_bits": NETWORK_BITS, "rates": _RATES, "device": device}
    key = {"kind": "precision_network", "table": blocks.table.digest, "seed": seed, **shape}
    return Trial(key, partial(_network, blocks.table, blocks.facts * 2, seed, device))


def _network(table: Table, facts: int, seed: int, device: str) -> Result:
    part = replace(table.part(facts, seed), numbered=None)
    width = token_width(part)
    asked = problem(part, NETWORK_BITS, width, seed)
    shape = nearest(_HYBRID, max(400, len(part) * NETWORK_BITS), NETWORK_BITS, width)
    outcomes = train(shape, [Run(asked, seed, rate) for rate in _RATES], _SCHEDULE, device=device)
    best = max(outcomes, key=lambda outcome: outcome.stored_right)
    recall = {str(bits): float(facts_right(shape, asked, best.weights, weight_bits=bits).mean()) for bits in BITS}
    return {"recall": recall, "parameters": shape.stored, "facts": len(part)}


def _up(rows: float) -> int:
    return max(ROW_STEP, math.ceil(rows / ROW_STEP) * ROW_STEP)
