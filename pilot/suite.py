"""Run all checks of one memory, in the order in which they disturb each other least; return them in report order."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pilot.checks.deletion import check_deletion, choose_deletions
from pilot.checks.latency import check_latency
from pilot.checks.measurement import Measurement
from pilot.checks.noise import check_noise
from pilot.checks.privacy import ServiceSetting, check_privacy
from pilot.checks.questions import Question, check_questions
from pilot.checks.recall import check_recall
from pilot.checks.retention import check_retention
from pilot.checks.rollback import check_rollback
from pilot.checks.scratch import draw_pairs, scratch_copy
from pilot.checks.target import CheckPlan, CheckTarget
from pilot.checks.unknown import check_unknown
from pilot.client import Progress
from schemas.checks import CheckId, LeftOut

_ORDER = list(CheckId)
_Reason = Literal["no_questions", "not_wanted", "not_permitted", "too_few_pairs"]
_CHANGING = (CheckId.RETENTION, CheckId.DELETION, CheckId.ROLLBACK)


@dataclass(slots=True)
class SuiteOutcome:
    """What was measured, and which checks were left out."""

    checks: list[Measurement] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CheckSuite:
    """The checks of one memory. `questions` are the user's own; without any, that check is left out."""

    target: CheckTarget
    plan: CheckPlan
    questions: Sequence[Question]
    setting: ServiceSetting
    progress: Progress

    def run(self) -> SuiteOutcome:
        """Run every check. Those that change facts share one scratch copy; the one that leaves it changed runs last."""
        outcome = SuiteOutcome()
        self._ask(outcome)
        if self.setting.scratch:
            self._change(outcome)
        else:
            why: _Reason = "not_permitted" if self.plan.changes else "not_wanted"
            outcome.left_out += [_to_left_out(check, why) for check in _CHANGING]
        outcome.checks.sort(key=lambda measured: _ORDER.index(measured.id))
        return outcome

    def _ask(self, outcome: SuiteOutcome) -> None:
        target, plan, progress = self.target, self.plan, self.progress
        outcome.checks += [
            _time_check(lambda: check_recall(target, progress)),
            _time_check(lambda: check_unknown(target, plan.probes, plan.seed, progress)),
            _time_check(lambda: check_noise(target, plan.noisy, plan.seed, progress)),
            _time_check(lambda: check_latency(target, plan, progress)),
            _time_check(lambda: check_privacy(target, self.setting, plan, progress)),
        ]
        if self.questions:
            asked = _time_check(lambda: check_questions(target, self.questions, progress, CheckId.QUESTIONS))
            outcome.checks.append(asked)
        else:
            outcome.left_out.append(_to_left_out(CheckId.QUESTIONS, "no_questions"))

    def _change(self, outcome: SuiteOutcome) -> None:
        target, plan, progress = self.target, self.plan, self.progress
        held = draw_pairs(target.taught, plan.copied, plan.seed)
        progress(0.0, "a scratch copy of the facts")
        with scratch_copy(target.store, held, len(target.taught), self.setting.recipe) as scratch:
            if gone := choose_deletions(held, plan):
                outcome.checks.append(_time_check(lambda: check_deletion(scratch, gone, plan.proofs, progress)))
            else:
                outcome.left_out.append(_to_left_out(CheckId.DELETION, "too_few_pairs"))
            outcome.checks.append(_time_check(lambda: check_rollback(scratch, plan, progress)))
            outcome.checks.append(_time_check(lambda: check_retention(scratch, plan, target.priority, progress)))


def _to_left_out(check: CheckId, reason: _Reason) -> LeftOut:
    return LeftOut(check=check, reason=reason, detail=None)


def _time_check(check: Callable[[], Measurement]) -> Measurement:
    start = time.perf_counter()
    measured = check()
    measured.seconds = time.perf_counter() - start
    return measured
