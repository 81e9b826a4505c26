"""Trials that teach a table to networks: trained end to end, or with a read-out that is solved over frozen features."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from service.laboratory.bench import Result, Trial
from service.laboratory.tables import Table
from service.laboratory.targets import coded, pair_tokens, problem
from service.memory import measuring
from service.memory.gradient import Outcome, Run, Schedule, Shape, train

RATES = (0.03, 0.06)
ONE_RATE = (0.05,)
CLOSED_FORM_BITS = 1.6
"""Code bits that a stored weight is expected to hold: Gardner's limit is 2."""

Asking = Mapping[int, Sequence[int]]
"""Numbers of facts that are tried, by seed."""
Solve = Callable[[measuring.Features, measuring.Signs], NDArray[np.float64]]


class Network(NamedTuple):
    """One network of a trial. right: facts held by the last weights as float32; stored: as int8. Exhaustive, both.

    rate: its largest learning rate; seconds, peak_bytes: its share of its batch's; None where it was solved.
    """

    facts: int
    seed: int
    rate: float | None
    right: int | None
    stored: int
    diverged: bool
    steps: int
    seconds: float
    peak_bytes: int | None


class Contender(Protocol):
    """A way to hold facts, of which the largest number at 100 % is sought. Stored are its parameters, as int8, and its
    scales, as float16; what it holds is counted by both.
    """

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> int: ...

    @property
    def scales(self) -> int: ...

    @property
    def bytes(self) -> int: ...

    def trial(self, table: Table, bits: int, asked: Asking) -> Trial:
        """Teach it numbers of facts of the table, in the order of each seed, each number to networks of its own."""
        ...


@dataclass(frozen=True)
class EndToEnd:
    """Networks of which every weight is trained, in one batch: all numbers of facts of all seeds, at all rates."""

    name: str
    shape: Shape
    schedule: Schedule
    device: str
    rates: tuple[float, ...] = RATES

    @property
    def parameters(self) -> int:
        return self.shape.parameters

    @property
    def scales(self) -> int:
        return self.shape.scales

    @property
    def bytes(self) -> int:
        """At int8, with one float16 scale for each unit of a layer."""
        return self.parameters + 2 * self.scales

    def trial(self, table: Table, bits: int, asked: Asking) -> Trial:
        what = {"kind": "end_to_end", "shape": asdict(self.shape), "schedule": asdict(self.schedule)}
        where = {"rates": self.rates, "device": self.device}
        return Trial({**what, **where, **_facts_key(table, bits, asked)}, partial(self._work, table, bits, asked))

    def _work(self, table: Table, bits: int, asked: Asking) -> Result:
        problems = [
            problem(table.part(count, seed), bits, self.shape.d_model, seed)
            for seed, counts in asked.items()
            for count in counts
        ]
        runs = [Run(each, each.seed, rate) for each in problems for rate in self.rates]
        outcomes = train(self.shape, runs, self.schedule, device=self.device)
        return {"networks": [_trained(run, outcome) for run, outcome in zip(runs, outcomes, strict=True)]}


@dataclass(frozen=True)
class ClosedForm:
    """A read-out over the memory's frozen attention and MLP: its weights are all that is stored."""

    name: str
    rows: measuring.Rows
    width: int
    bits: int

    @property
    def parameters(self) -> int:
        return self.width * self.bits

    @property
    def scales(self) -> int:
        return self.bits

    @property
    def bytes(self) -> int:
        return self.parameters + 2 * self.scales

    def trial(self, table: Table, bits: int, asked: Asking) -> Trial:
        what = {"kind": "closed_form", "rows": self.rows, "width": self.width}
        return Trial({**what, **_facts_key(table, bits, asked)}, partial(self._work, table, bits, asked))

    def _work(self, table: Table, bits: int, asked: Asking) -> Result:
        return _solved(table, bits, asked, self._features, measuring.optimal_weights)

    def _features(self, part: Table, seed: int) -> measuring.Features:
        network = measuring.FrozenNetwork(self.rows, self.width, seed)
        return network.features(*pair_tokens(part, network.d_model, seed))


@dataclass(frozen=True)
class Linear:
    """A linear associative memory: a full matrix from the tokens of subject and relation, `width` bits each, to the
    code. Its weights are solved, or (`hebbian`) sums of outer products.
    """

    name: str
    width: int
    bits: int
    hebbian: bool

    @property
    def parameters(self) -> int:
        return 2 * self.width * self.bits

    @property
    def scales(self) -> int:
        return self.bits

    @property
    def bytes(self) -> int:
        return self.parameters + 2 * self.scales

    def trial(self, table: Table, bits: int, asked: Asking) -> Trial:
        what = {"kind": "linear", "width": self.width, "hebbian": self.hebbian}
        return Trial({**what, **_facts_key(table, bits, asked)}, partial(self._work, table, bits, asked))

    def _work(self, table: Table, bits: int, asked: Asking) -> Result:
        solve = measuring.outer_product_weights if self.hebbian else measuring.optimal_weights
        return _solved(table, bits, asked, self._features, solve)

    def _features(self, part: Table, seed: int) -> measuring.Features:
        return np.concatenate(pair_tokens(part, self.width, seed), axis=1).astype(np.float32)


def stored(contender: Contender) -> int:
    """Numbers that are stored: parameters and scales."""
    return contender.parameters + contender.scales


def networks(result: Result) -> list[Network]:
    """What a trial of a contender found."""
    return [Network(**network) for network in result["networks"]]


def _facts_key(table: Table, bits: int, asked: Asking) -> dict[str, object]:
    return {"table": table.digest, "bits": bits, "asked": [[seed, list(counts)] for seed, counts in asked.items()]}


def _trained(run: Run, outcome: Outcome) -> dict[str, Any]:
    network = Network(
        outcome.facts, run.seed, run.rate, outcome.right, outcome.stored_right, outcome.diverged, outcome.steps,
        outcome.seconds, outcome.peak_bytes,
    )  # fmt: skip
    return network._asdict()


def _solved(
    table: Table, bits: int, asked: Asking, featured: Callable[[Table, int], measuring.Features], solve: Solve
) -> Result:
    found = []
    for seed, part in ((seed, table.part(count, seed)) for seed, counts in asked.items() for count in counts):
        features, targets = featured(part, seed), coded(part, bits, seed)
        start = time.perf_counter()
        right = int(measuring.facts_held_at_int8(features, targets, solve(features, targets)).sum())
        seconds = time.perf_counter() - start
        found.append(Network(len(part), seed, None, None, right, False, 0, seconds, None)._asdict())
    return {"networks": found}
