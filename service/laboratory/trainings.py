"""Trials that teach a table to networks: trained end to end, or with a read-out that is solved over frozen features."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from service.laboratory.bench import Result, Trial
from service.laboratory.tables import Table
from service.laboratory.targets import coded, pair_tokens, problem
from service.memory import frozen
from service.memory.gradient import Outcome, Run, Schedule, Shape, train

RATES = (0.01, 0.03)
Solve = Callable[[frozen.Features, frozen.Signs], NDArray[np.float64]]


class Network(NamedTuple):
    """One network of a trial. right: facts held by the last weights as float32; stored: as int8. Exhaustive, both.

    rate: its largest learning rate; seconds, peak_bytes: its share of its batch's; None where it was solved.
    """

    facts: int
    rate: float | None
    right: int | None
    stored: int
    diverged: bool
    steps: int
    seconds: float
    peak_bytes: int | None


class Contender(Protocol):
    """A way to hold facts, of which the largest number at 100 % is sought."""

    name: str
    parameters: int

    def trial(self, table: Table, bits: int, seed: int, counts: Sequence[int]) -> Trial:
        """Teach it the first `counts` facts of the table in the seed's order, each number to networks of its own."""
        ...


@dataclass(frozen=True)
class EndToEnd:
    """Networks of which every weight is trained, in one batch: all numbers of facts at all rates."""

    name: str
    shape: Shape
    schedule: Schedule
    device: str
    rates: tuple[float, ...] = RATES

    @property
    def parameters(self) -> int:
        return self.shape.parameters

    def trial(self, table: Table, bits: int, seed: int, counts: Sequence[int]) -> Trial:
        asked = {"kind": "end_to_end", "shape": asdict(self.shape), "schedule": asdict(self.schedule)}
        where = {"rates": self.rates, "device": self.device}
        key = {**asked, **where, **_facts_key(table, bits, seed, counts)}
        return Trial(key, partial(self._work, table, bits, seed, counts))

    def _work(self, table: Table, bits: int, seed: int, counts: Sequence[int]) -> Result:
        problems = [problem(table.part(count, seed), bits, self.shape.d_model, seed) for count in counts]
        runs = [Run(asked, seed, rate) for asked in problems for rate in self.rates]
        outcomes = train(self.shape, runs, self.schedule, device=self.device)
        return {"networks": [_trained(run, outcome) for run, outcome in zip(runs, outcomes, strict=True)]}


@dataclass(frozen=True)
class ClosedForm:
    """A read-out over the memory's frozen attention and MLP: its weights are all that is stored."""

    name: str
    rows: frozen.Rows
    width: int
    bits: int

    @property
    def parameters(self) -> int:
        return self.width * self.bits

    def trial(self, table: Table, bits: int, seed: int, counts: Sequence[int]) -> Trial:
        asked = {"kind": "closed_form", "rows": self.rows, "width": self.width}
        return Trial({**asked, **_facts_key(table, bits, seed, counts)}, partial(self._work, table, bits, seed, counts))

    def _work(self, table: Table, bits: int, seed: int, counts: Sequence[int]) -> Result:
        network = frozen.FrozenNetwork(self.rows, self.width, seed)
        parts = [table.part(count, seed) for count in counts]
        features = (network.features(*pair_tokens(part, network.d_model, seed)) for part in parts)
        return _solved(zip(features, (coded(part, bits, seed) for part in parts), strict=True), frozen.optimal)


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

    def trial(self, table: Table, bits: int, seed: int, counts: Sequence[int]) -> Trial:
        asked = {"kind": "linear", "width": self.width, "hebbian": self.hebbian}
        return Trial({**asked, **_facts_key(table, bits, seed, counts)}, partial(self._work, table, bits, seed, counts))

    def _work(self, table: Table, bits: int, seed: int, counts: Sequence[int]) -> Result:
        parts = [table.part(count, seed) for count in counts]
        features = (np.concatenate(pair_tokens(part, self.width, seed), axis=1) for part in parts)
        solve = frozen.outer_product if self.hebbian else frozen.optimal
        return _solved(zip(features, (coded(part, bits, seed) for part in parts), strict=True), solve)


def networks(result: Result) -> list[Network]:
    """What a trial of a contender found."""
    return [Network(**network) for network in result["networks"]]


def _facts_key(table: Table, bits: int, seed: int, counts: Sequence[int]) -> dict[str, object]:
    return {"table": table.digest, "bits": bits, "seed": seed, "counts": list(counts)}


def _trained(run: Run, outcome: Outcome) -> dict[str, Any]:
    network = Network(
        outcome.facts, run.rate, outcome.right, outcome.stored_right, outcome.diverged, outcome.steps,
        outcome.seconds, outcome.peak_bytes,
    )  # fmt: skip
    return network._asdict()


def _solved(problems: Iterable[tuple[NDArray[Any], frozen.Signs]], solve: Solve) -> Result:
    """Features and targets of each number of facts, solved and stored."""
    found = []
    for features, targets in problems:
        start, F = time.perf_counter(), features.astype(np.float32)
        right = int(frozen.held(F, targets, solve(F, targets)).sum())
        seconds = time.perf_counter() - start
        found.append(Network(len(targets), None, None, right, False, 0, seconds, None)._asdict())
    return {"networks": found}
