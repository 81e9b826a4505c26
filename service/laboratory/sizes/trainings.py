"""Trials that teach a table to networks: trained end to end, or with a read-out that is solved over frozen features."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from service.laboratory.bench import Result, Trial
from service.laboratory.search import SizesBySeed
from service.laboratory.tables import Table
from service.laboratory.targets import make_pair_tokens, make_problem, make_targets
from service.memory import measuring
from service.memory.gradient import Outcome, Run, Schedule, Shape, train

RATES = (0.03, 0.06)
ONE_RATE = (0.05,)
CLOSED_FORM_BITS = 1.6
"""Code bits that a stored weight is expected to hold: Gardner's limit is 2."""

Solve = Callable[[measuring.Features, measuring.Signs], NDArray[np.float64]]


class Network(NamedTuple):
    """One network of a trial. right: how many of all its facts the last weights hold as float32; stored: as int8.

    rate: the largest learning rate, None where it was solved; seconds, peak_bytes: its share of its batch's.
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


@runtime_checkable
class Candidate(Protocol):
    """A kind of network of which the largest number of facts held at 100 % is sought. Its parameters are stored as int8
    and its scales as float16; what it holds is counted per parameter or scale.
    """

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> int: ...

    @property
    def scales(self) -> int: ...

    @property
    def bytes(self) -> int: ...

    def trial(self, table: Table, bits: int, sizes: SizesBySeed) -> Trial:
        """A trial that teaches it parts of the table, drawn by each seed, each size to networks of its own."""
        ...


@dataclass(frozen=True)
class EndToEnd:
    """Networks of which every weight is trained. All sizes of all seeds at all rates are one batch."""

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

    def trial(self, table: Table, bits: int, sizes: SizesBySeed) -> Trial:
        what = {"kind": "end_to_end", "shape": asdict(self.shape), "schedule": asdict(self.schedule)}
        where = {"rates": self.rates, "device": self.device}
        return Trial({**what, **where, **_facts_key(table, bits, sizes)}, partial(self._work, table, bits, sizes))

    def _work(self, table: Table, bits: int, sizes: SizesBySeed) -> Result:
        problems = [
            make_problem(table.sample(count, seed), bits, self.shape.d_model, seed)
            for seed, counts in sizes.items()
            for count in counts
        ]
        runs = [Run(each, each.seed, rate) for each in problems for rate in self.rates]
        outcomes = train(self.shape, runs, self.schedule, device=self.device)
        return {"networks": [_to_network(run, outcome) for run, outcome in zip(runs, outcomes, strict=True)]}


@dataclass(frozen=True)
class ClosedForm:
    """A read-out over the memory's frozen attention and MLP, whose weights are all that is stored."""

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

    def trial(self, table: Table, bits: int, sizes: SizesBySeed) -> Trial:
        what = {"kind": "closed_form", "rows": self.rows, "width": self.width}
        return Trial({**what, **_facts_key(table, bits, sizes)}, partial(self._work, table, bits, sizes))

    def _work(self, table: Table, bits: int, sizes: SizesBySeed) -> Result:
        return _solve(table, bits, sizes, self._features, measuring.optimal_weights)

    def _features(self, part: Table, seed: int) -> measuring.Features:
        network = measuring.FrozenNetwork(self.rows, self.width, seed)
        return network.features(*make_pair_tokens(part, network.d_model, seed))


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

    def trial(self, table: Table, bits: int, sizes: SizesBySeed) -> Trial:
        what = {"kind": "linear", "width": self.width, "hebbian": self.hebbian}
        return Trial({**what, **_facts_key(table, bits, sizes)}, partial(self._work, table, bits, sizes))

    def _work(self, table: Table, bits: int, sizes: SizesBySeed) -> Result:
        solve = measuring.outer_product_weights if self.hebbian else measuring.optimal_weights
        return _solve(table, bits, sizes, self._features, solve)

    def _features(self, part: Table, seed: int) -> measuring.Features:
        return np.concatenate(make_pair_tokens(part, self.width, seed), axis=1).astype(np.float32)


def stored(candidate: Candidate) -> int:
    """Numbers that are stored: parameters and scales."""
    return candidate.parameters + candidate.scales


def read_networks(result: Result) -> list[Network]:
    """The networks in the result of a candidate's trial."""
    return [Network(**network) for network in result["networks"]]


def _facts_key(table: Table, bits: int, sizes: SizesBySeed) -> dict[str, object]:
    return {"table": table.digest, "bits": bits, "asked": [[seed, list(counts)] for seed, counts in sizes.items()]}


def _to_network(run: Run, outcome: Outcome) -> dict[str, Any]:
    network = Network(
        outcome.facts, run.seed, run.rate, outcome.right, outcome.stored_right, outcome.diverged, outcome.steps,
        outcome.seconds, outcome.peak_bytes,
    )  # fmt: skip
    return network._asdict()


def _solve(
    table: Table, bits: int, sizes: SizesBySeed, featured: Callable[[Table, int], measuring.Features], solve: Solve
) -> Result:
    found = []
    for seed, part in ((seed, table.sample(count, seed)) for seed, counts in sizes.items() for count in counts):
        features, targets = featured(part, seed), make_targets(part, bits, seed)
        start = time.perf_counter()
        right = int(measuring.facts_held_at_int8(features, targets, solve(features, targets)).sum())
        seconds = time.perf_counter() - start
        found.append(Network(len(part), seed, None, None, right, False, 0, seconds, None)._asdict())
    return {"networks": found}
