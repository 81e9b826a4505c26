"""The checks, in order, on one memory."""

import time
from collections.abc import Callable, Sequence

from pilot.checks.latency import check_latency
from pilot.checks.measured import Measured
from pilot.checks.noise import check_noise
from pilot.checks.plan import Plan
from pilot.checks.questions import Question, check_questions
from pilot.checks.recall import check_recall
from pilot.checks.target import Target
from pilot.checks.unknown import check_unknown
from pilot.client import Progress
from schemas.report import CheckId


def run_suite(target: Target, plan: Plan, questions: Sequence[Question], progress: Progress) -> list[Measured]:
    """`questions`: the people's own; without any that check is left out."""
    checks: list[Callable[[], Measured]] = [
        lambda: check_recall(target, progress),
        lambda: check_unknown(target, plan.probes, plan.seed, progress),
        lambda: check_noise(target, plan.noisy, plan.seed, progress),
        lambda: check_latency(target, plan, progress),
    ]
    if questions:
        checks.insert(2, lambda: check_questions(target, questions, progress, CheckId.QUESTIONS))
    return [_clocked(check) for check in checks]


def _clocked(check: Callable[[], Measured]) -> Measured:
    start = time.perf_counter()
    measured = check()
    measured.seconds = time.perf_counter() - start
    return measured
