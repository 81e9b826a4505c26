"""How the minutes are divided among the experiments."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.experiments import ExperimentId, ExperimentRequest

SHARES = {
    ExperimentId.RANK: 1,
    ExperimentId.PRECISION: 1,
    ExperimentId.LEARNING: 1,
    ExperimentId.CAPACITY: 2,
    ExperimentId.DEPTH: 2,
    ExperimentId.HEADS: 2,
    ExperimentId.ALLOCATION: 4,
    ExperimentId.BUDGET: 1,
}
"""Parts of the time, in the order of work: those that may end early come first, so that the time they leave is spent on
trained networks; `budget`, which recommends a memory, comes last. An experiment that is not listed takes one part and
comes before all of these.
"""
LEAST_SECONDS = 3.0
"""An experiment that was requested is made even when training and checks have used up the minutes."""


@dataclass(frozen=True, slots=True)
class Laboratory:
    """seconds: for the whole run. facts, latency_ms, core_hour and gpu_hour concern `budget` alone."""

    experiments: tuple[ExperimentId, ...] = tuple(ExperimentId)
    seconds: float = 900.0
    facts: int | None = None
    latency_ms: float = 50.0
    core_hour: float = 0.05
    gpu_hour: float = 2.5

    def in_order_of_work(self) -> Iterator[tuple[ExperimentId, float]]:
        """Each experiment with its share, from 0 to 1, of the time that is left when its turn comes."""
        shares = {each: 1 for each in ExperimentId if each not in SHARES} | SHARES
        wanted = [each for each in shares if each in self.experiments]
        for at, each in enumerate(wanted):
            yield each, shares[each] / sum(shares[later] for later in wanted[at:])

    def request(self, kind: ExperimentId, seconds: float, seed: int, false_answers: float) -> ExperimentRequest:
        return ExperimentRequest(
            kind=kind,
            seconds=max(seconds, LEAST_SECONDS),
            seed=seed,
            facts=self.facts,
            false_answers=false_answers,
            latency_ms=self.latency_ms,
            core_hour=self.core_hour,
            gpu_hour=self.gpu_hour,
        )
