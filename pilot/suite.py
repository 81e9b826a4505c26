"""The checks, in order, on one memory."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pilot.checks.latency import check_latency
from pilot.checks.measured import Measured
from pilot.checks.noise import check_noise
from pilot.checks.questions import Question, check_questions
from pilot.checks.recall import check_recall
from pilot.checks.target import Target
from pilot.checks.unknown import check_unknown
from pilot.client import Progress
from schemas.report import CheckId


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to ask: probes of each never-taught kind, sentences with noise, and the people's own questions."""

    probes: int = 10_000
    noisy: int = 1_000
    seed: int = 0
    questions: Sequence[Question] = ()


def run_suite(target: Target, plan: Plan, progress: Progress) -> list[Measured]:
    checks: list[Callable[[], Measured]] = [
        lambda: check_recall(target, progress),
        lambda: check_unknown(target, plan.probes, plan.seed, progress),
        lambda: check_noise(target, plan.noisy, plan.seed, progress),
        lambda: check_latency(target, plan.seed, progress),
    ]
    if plan.questions:
        checks.insert(2, lambda: check_questions(target, list(plan.questions), progress, CheckId.QUESTIONS))
    return [_clocked(check) for check in checks]


def _clocked(check: Callable[[], Measured]) -> Measured:
    start = time.perf_counter()
    measured = check()
    measured.seconds = time.perf_counter() - start
    return measured
