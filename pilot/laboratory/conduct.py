"""The minutes divided among the experiments, which are asked for one after the
other, followed to their end, and kept in the report's order.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import ValidationError

from pilot.client import FactStore, Progress
from pilot.errors import JobFailed, NotHeld, PilotError, Refused, ServiceFailed
from schemas.checks import LeftOut
from schemas.experiments import Experiment, ExperimentId, ExperimentRequest

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
"""Parts of the time, in the order of work: those that may end early come first, so that what they leave is spent on
trained networks; `budget`, which recommends a memory, comes last. An experiment that is not listed takes one part and
comes before all of these.
"""
LEAST_SECONDS = 3.0
"""An experiment that was asked for is made, also when training and checks have used up the minutes."""


@dataclass(frozen=True, slots=True)
class LaboratoryPlan:
    """seconds: for the whole run. facts, latency_ms, core_hour and gpu_hour are asked of `budget` alone."""

    experiments: tuple[ExperimentId, ...] = tuple(ExperimentId)
    seconds: float = 900.0
    facts: int | None = None
    latency_ms: float = 50.0
    core_hour: float = 0.05
    gpu_hour: float = 2.5

    def in_order_of_work(self) -> Iterator[tuple[ExperimentId, float]]:
        """Each experiment with its share of the time that is left when its turn comes, from 0 to 1."""
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


_REPORTED = list(ExperimentId)


@dataclass(slots=True)
class ExperimentOutcome:
    """What the experiments found, and which brought no result."""

    experiments: list[Experiment] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExperimentSetting:
    """Where the experiments are made, and what all of them are told. ends: by the clock, which counts seconds."""

    store: FactStore
    dictionary: str
    ends: float
    seed: int
    false_answers: float
    clock: Callable[[], float] = time.perf_counter


def conduct_experiments(laboratory: LaboratoryPlan, bench: ExperimentSetting, progress: Progress) -> ExperimentOutcome:
    """One job at a time. One that fails is left out with its code; raises ServiceFailed where the service is gone."""
    found = ExperimentOutcome()
    for kind, share in laboratory.in_order_of_work():
        seconds = share * (bench.ends - bench.clock())
        request = laboratory.request(kind, seconds, bench.seed, bench.false_answers)
        try:
            found.experiments.append(_run_experiment(bench, request, progress))
        except (JobFailed, NotHeld, Refused) as error:
            found.left_out.append(_to_left_out(kind, error))
    found.experiments.sort(key=lambda experiment: _REPORTED.index(experiment.id))
    return found


def _run_experiment(bench: ExperimentSetting, request: ExperimentRequest, progress: Progress) -> Experiment:
    """Raises what FactStore.wait does. Whoever interrupts the pilot stops the job as well."""
    name = f"experiment: {request.kind}"
    progress(0.0, name)
    job = bench.store.start_experiment(bench.dictionary, request)
    try:
        ended = bench.store.wait(job.id, lambda share, _: progress(share, name))
    except (KeyboardInterrupt, SystemExit):
        with suppress(PilotError):
            bench.store.cancel(job.id)
        raise
    try:
        return Experiment.model_validate(ended.result)
    except ValidationError as error:
        message = "the service's result is not an Experiment"
        raise ServiceFailed(message, "reply_unreadable", shape=Experiment.__name__) from error


def _to_left_out(kind: ExperimentId, error: PilotError) -> LeftOut:
    if error.problem is None:
        return LeftOut(check=kind, reason="cancelled", detail=None)
    return LeftOut(check=kind, reason=error.problem.code, detail=error.problem.detail)
