"""Trials of how many bits a weight needs: blocks of a table over the memory's frozen network, and networks trained end
to end whose weights are all rounded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from schemas.memories import LONGEST_CODE
from service.laboratory.bench import Result, Trial
from service.laboratory.sizes.shapes import Design, find_nearest
from service.laboratory.tables import Table
from service.laboratory.targets import (
    code_length,
    information,
    make_pair_tokens,
    make_problem,
    make_targets,
    token_width,
)
from service.memory.gradient import Run, Schedule, facts_right, train
from service.memory.measuring import FrozenNetwork, Storing, facts_held_as_stored, widest_weights
from service.memory.resolution import check_bits

BITS = (2, 3, 4, 6, 8)
FACTS, BLOCKS = 64, 4
ROW_STEP = 8
NETWORK_BITS = 12
MOST_SEARCHED = 4
_WIDEST = {8: 1.25, 6: 1.5, 4: 2.25, 3: 2.5, 2: 2.75}
"""By bits a weight: the rows a fact at which the search for narrower blocks starts."""
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
        """Blocks as large as a memory's, with codes as long as its longest."""
        facts = min(FACTS, len(table))
        number = max(1, min(BLOCKS, len(table) // FACTS))
        code = min(LONGEST_CODE, code_length(table) + check_bits(false_answers))
        return cls(table, facts, number, code, information(table))

    def trial(self, weight_bits: int, seed: int) -> Trial:
        """The trial of recall at one bit of code a weight and, by way of storing, the narrowest blocks that hold every
        fact.
        """
        shape = {"facts": self.facts, "blocks": self.number, "code_bits": self.code_bits, "weight_bits": weight_bits}
        key = {"kind": "precision", "table": self.table.digest, "seed": seed, **shape}
        return Trial(key, partial(self._work, weight_bits, seed))

    def _work(self, weight_bits: int, seed: int) -> Result:
        ways = ways_to_store(weight_bits)
        recall = self._recall(weight_bits, seed, _round_up(self.facts), ways)
        narrowest: dict[Storing, int | None] = dict.fromkeys(ways)
        for rows in range(_round_up(self.facts * _WIDEST[weight_bits]), 0, -ROW_STEP):
            ways = [way for way, share in self._recall(weight_bits, seed, rows, ways).items() if share == 1.0]
            narrowest |= dict.fromkeys(ways, rows)
            if not ways:
                break
        return {"recall": recall, "rows": narrowest}

    def _recall(self, weight_bits: int, seed: int, rows: int, ways: Sequence[Storing]) -> dict[Storing, float]:
        """The share of facts right in blocks of `rows` rows, by way of storing."""
        part = self.table.sample(self.facts * self.number, seed)
        shuffled = np.random.default_rng(seed).permutation(len(part))
        network = FrozenNetwork("hybrid", rows, seed)
        features = network.features(*make_pair_tokens(part, network.d_model, seed))[shuffled]
        F = features.reshape(self.number, self.facts, rows)
        Y = make_targets(part, self.code_bits, seed)[shuffled].reshape(self.number, self.facts, self.code_bits)
        W = widest_weights(F, Y)
        return {way: float(facts_held_as_stored(F, Y, W, weight_bits, way).mean()) for way in ways}


def ways_to_store(weight_bits: int) -> list[Storing]:
    """The ways of storing that apply: above four bits weights are not searched for."""
    return [way for way in Storing if way is not Storing.SEARCHED or weight_bits <= MOST_SEARCHED]


def network_trial(blocks: Blocks, seed: int, device: str) -> Trial:
    """The trial of a network with as many parameters as the facts have code bits, trained end to end: the share of
    facts that are right when every weight is rounded to its nearest step.
    """
    shape = {"facts": blocks.facts * 2, "code_bits": NETWORK_BITS, "rates": _RATES, "device": device}
    key = {"kind": "precision_network", "table": blocks.table.digest, "seed": seed, **shape}
    return Trial(key, partial(_train_network, blocks.table, blocks.facts * 2, seed, device))


def _train_network(table: Table, facts: int, seed: int, device: str) -> Result:
    part = replace(table.sample(facts, seed), numbered=None)
    width = token_width(part)
    problem = make_problem(part, NETWORK_BITS, width, seed)
    shape = find_nearest(_HYBRID, max(400, len(part) * NETWORK_BITS), NETWORK_BITS, width)
    outcomes = train(shape, [Run(problem, seed, rate) for rate in _RATES], _SCHEDULE, device=device)
    best = max(outcomes, key=lambda outcome: outcome.stored_right)
    recall = {str(bits): float(facts_right(shape, problem, best.weights, weight_bits=bits).mean()) for bits in BITS}
    return {"recall": recall, "parameters": shape.stored, "facts": len(part)}


def _round_up(rows: float) -> int:
    return max(ROW_STEP, math.ceil(rows / ROW_STEP) * ROW_STEP)
