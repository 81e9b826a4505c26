"""Divide the minutes among the experiments, run them one after the other, and keep them in the order of the report."""

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
"""Parts of the time, in the order of work. Experiments that may end early come first, so that what they leave is spent
on training networks; `budget`, which recommends a memory, comes last. An experiment that is not listed takes one part
and comes before all of these.
"""
LEAST_SECONDS = 3.0
"""A requested experiment runs at least this long, even when training and checks have used up the minutes."""


@dataclass(frozen=True, slots=True)
class LaboratoryPlan:
    """The experiments to run and the seconds for the whole run.

    facts, latency_ms (milliseconds), core_hour and gpu_hour (prices) are for `budget` alone.
    """

    experiments: tuple[ExperimentId, ...] = tuple(ExperimentId)
    seconds: float = 900.0
    facts: int | None = None
    latency_ms: float = 50.0
    core_hour: float = 0.05
    gpu_hour: float = 2.5

    def in_order_of_work(self) -> Iterator[tuple[ExperimentId, float]]:
        """Yield each experiment with its share, from 0 to 1, of the time that is left when its turn comes."""
        shares = {each: 1 for each in ExperimentId if each not in SHARES} | SHARES
        wanted = [each for each in shares if each in self.experiments]
        for at, each in enumerate(wanted):
            yield each, shares[each] / sum(shares[later] for later in wanted[at:])

    def to_request(self, kind: ExperimentId, seconds: float, seed: int, false_answers: float) -> ExperimentRequest:
        """Return the request for one experiment of at most so many seconds."""
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
    """What the experiments found, and which ones had no result."""

    experiments: list[Experiment] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExperimentSetting:
    """Where the experiments run, and what is the same for all of them. ends: the end by `clock`, in seconds."""

    store: FactStore
    dictionary: str
    ends: float
    seed: int
    false_answers: float
    clock: Callable[[], float] = time.perf_counter


def conduct_experiments(laboratory: LaboratoryPlan, bench: ExperimentSetting, progress: Progress) -> ExperimentOutcome:
    """Run one job at a time. One that fails is left out with its code. Raises ServiceFailed if the service is gone."""
    found = ExperimentOutcome()
    for kind, share in laboratory.in_order_of_work():
        seconds = share * (bench.ends - bench.clock())
        request = laboratory.to_request(kind, seconds, bench.seed, bench.false_answers)
        try:
            found.experiments.append(_run_experiment(bench, request, progress))
        except (JobFailed, NotHeld, Refused) as error:
            found.left_out.append(_to_left_out(kind, error))
    found.experiments.sort(key=lambda experiment: _REPORTED.index(experiment.id))
    return found


def _run_experiment(bench: ExperimentSetting, request: ExperimentRequest, progress: Progress) -> Experiment:
    """Run one experiment. Raises what FactStore.wait does. Interrupting the pilot also cancels the job."""
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
        message = "the result of the service is not a valid Experiment"
        raise ServiceFailed(message, "reply_unreadable", shape=Experiment.__name__) from error


def _to_left_out(kind: ExperimentId, error: PilotError) -> LeftOut:
    if error.problem is None:
        return LeftOut(check=kind, reason="cancelled", detail=None)
    return LeftOut(check=kind, reason=error.problem.code, detail=error.problem.detail)
