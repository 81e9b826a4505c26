"""The gate of a report: limits that turn measurements into pass, fail or not decisive.

The service has a gate of its own with some of the same keys, which a memory must pass before an alias moves to it
(schemas/gates.py).

Recall, questions and whatever is asked after a change are exhaustive, so their counts are compared as they are.
Never-taught questions are a sample: a limit that the sample neither keeps nor breaks with 95 % confidence is not
decisive.
"""

import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilot.checks.measurement import Measurement, Tally
from pilot.errors import UnusableInput, explain
from pilot.reading import Pair
from pilot.statistics import interval, lower_bound, upper_bound
from schemas.checks import CheckId, Deletion, Privacy, Retention, Rollback, Threshold, Verdict

_LEFT_OUT = {
    "minimum_questions": CheckId.QUESTIONS,
    "minimum_retention": CheckId.RETENTION,
    "maximum_forgotten": CheckId.RETENTION,
    "maximum_undeleted": CheckId.DELETION,
    "maximum_rollback_ms": CheckId.ROLLBACK,
}
"""The limits of the checks that a run may leave out."""


class PriorityMarks(BaseModel):
    """[priority] in GATE.toml: these pairs, and all of these relations and subjects, are also judged separately."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    relations: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    pairs: frozenset[Pair] = frozenset()

    def marks(self, pair: Pair) -> bool:
        """Whether the pair is one of those that are judged separately."""
        return pair in self.pairs or pair[0] in self.subjects or pair[1] in self.relations


class ReportGate(BaseModel):
    """GATE.toml; every key is optional.

    Without `maximum_false_answers`, the sample must not contradict the bound that the memory's recipe states.
    minimum_retention: share of the facts answered right after all changes; maximum_forgotten: facts lost to a change of
    others; maximum_undeleted: questions that still bring a deleted answer; maximum_readable: names in the artefact.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_recall: float = Field(default=1.0, ge=0, le=1)
    minimum_priority: float = Field(default=1.0, ge=0, le=1)
    maximum_wrong: int = Field(default=0, ge=0)
    maximum_false_answers: float | None = Field(default=None, gt=0, le=1)
    minimum_sample: int = Field(default=1000, ge=1)
    minimum_questions: float = Field(default=0.0, ge=0, le=1)
    maximum_p99_ms: float | None = Field(default=None, gt=0)
    minimum_retention: float = Field(default=1.0, ge=0, le=1)
    maximum_forgotten: int = Field(default=0, ge=0)
    maximum_undeleted: int = Field(default=0, ge=0)
    maximum_rollback_ms: float = Field(default=1000.0, gt=0)
    maximum_readable: int = Field(default=0, ge=0)
    priority: PriorityMarks | None = None

    def select_priority(self, pairs: Iterable[Pair]) -> frozenset[Pair] | None:
        """Select the pairs that [priority] marks; None where the gate has no such table."""
        if self.priority is None:
            return None
        return frozenset(filter(self.priority.marks, pairs))


def read_report_gate(path: Path | None) -> ReportGate:
    """Read GATE.toml, or take the defaults without a path. Raises UnusableInput where the file is not a valid gate."""
    if path is None:
        return ReportGate()
    try:
        return ReportGate.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        why = explain(error)
        raise UnusableInput(f"the gate cannot be used: {why}", "gate_unusable", why=why) from None


def judge(gate: ReportGate, checks: Sequence[Measurement], bound: float) -> list[Threshold]:
    """Judge every limit of the checks that were made, and those that the gate sets for checks that were not.

    `bound` is the share of false answers that the memory's recipe states.
    """
    held = [threshold for measured in checks for threshold in _judge_check(gate, measured, bound)]
    return held + list(_judge_missing_checks(gate, {measured.id for measured in checks}))


def worst_verdict(thresholds: Iterable[Threshold]) -> Verdict:
    """Return the worst verdict: one failure fails, else one limit that is not decided leaves the whole undecided."""
    found = {threshold.verdict for threshold in thresholds}
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.NOT_DECISIVE if Verdict.NOT_DECISIVE in found else Verdict.PASS


def _judge_missing_checks(gate: ReportGate, made: Collection[CheckId]) -> Iterator[Threshold]:
    """Yield the limits that the file sets for checks that were not made: not decisive. A minimum of 0 is no limit."""
    for name, check in _LEFT_OUT.items():
        limit = getattr(gate, name)
        if name in gate.model_fields_set and check not in made and (limit > 0 or name.startswith("maximum")):
            yield Threshold(check=check, name=name, limit=limit, k=0, n=0, measured=0, verdict=Verdict.NOT_DECISIVE)


def _judge_check(gate: ReportGate, measured: Measurement, bound: float) -> Iterator[Threshold]:
    match measured.id, measured.details:
        case CheckId.UNKNOWN, _:
            yield _judge_false_answers(gate, measured, bound)
        case CheckId.RECALL, _:
            yield require_at_least(measured, "minimum_recall", gate.minimum_recall, measured.tally)
            yield from _judge_priority(gate, measured)
            yield _judge_wrong(gate, measured)
        case CheckId.QUESTIONS, _:
            if gate.minimum_questions > 0:
                yield require_at_least(measured, "minimum_questions", gate.minimum_questions, measured.tally)
            yield _judge_wrong(gate, measured)
        case CheckId.LATENCY, _:
            yield _judge_wrong(gate, measured)
            if gate.maximum_p99_ms is not None:
                p99 = next(timing.p99_ms for timing in measured.timings if timing.name == "single")
                yield require_within(measured, "maximum_p99_ms", gate.maximum_p99_ms, p99)
        case _, Retention() as found:
            yield require_at_least(measured, "minimum_retention", gate.minimum_retention, measured.tally)
            yield require_at_most(measured, "maximum_forgotten", gate.maximum_forgotten, found.forgotten, found.others)
            yield from _judge_priority(gate, measured)
        case _, Deletion() as found:
            yield from _judge_deletion(gate, measured, found)
        case _, Rollback() as found:
            yield require_all(measured, "rollback_right", measured.tally.right, measured.tally.asked)
            yield require_within(measured, "maximum_rollback_ms", gate.maximum_rollback_ms, max(found.milliseconds))
            yield require_all(measured, "history_kept", found.reasons_found, found.reasons_given)
        case _, Privacy() as found:
            yield from _judge_privacy(gate, measured, found)
        case _:
            yield _judge_wrong(gate, measured)


def _judge_wrong(gate: ReportGate, measured: Measurement) -> Threshold:
    return require_at_most(measured, "maximum_wrong", gate.maximum_wrong, measured.tally.wrong, measured.tally.asked)


def _judge_priority(gate: ReportGate, measured: Measurement) -> Iterator[Threshold]:
    """Judge the priority facts. A [priority] table that marks no fact of the table fails, since it guards nothing."""
    if measured.priority is not None:
        yield require_at_least(measured, "minimum_priority", gate.minimum_priority, measured.priority)


def _judge_deletion(gate: ReportGate, measured: Measurement, found: Deletion) -> Iterator[Threshold]:
    parts = measured.parts
    gone = parts["deleted"] + parts["spellings"] + parts["questions"]
    kept = parts["others"] + parts["restored"]
    digests = [found.digest_before != found.digest_after, found.digest_before == found.digest_restored]
    yield require_at_most(measured, "maximum_undeleted", gate.maximum_undeleted, gone.wrong, gone.asked)
    yield require_all(measured, "others_kept", kept.right, kept.asked)
    yield require_all(measured, "absence_proved", parts["proofs"].right, parts["proofs"].asked)
    yield require_all(measured, "digest_restored", sum(digests), len(digests))


def _judge_privacy(gate: ReportGate, measured: Measurement, found: Privacy) -> Iterator[Threshold]:
    strangers = measured.parts["strangers"]
    yield require_all(measured, "strangers_refused", strangers.right, strangers.asked)
    if found.artefact is not None:
        shown = found.artefact
        yield require_at_most(measured, "maximum_readable", gate.maximum_readable, shown.found, shown.searched)


def _judge_false_answers(gate: ReportGate, measured: Measurement, bound: float) -> Threshold:
    k, n = measured.tally.wrong, measured.tally.asked
    if gate.maximum_false_answers is None:
        kept = _judge_stated_bound(k, n, bound, gate.minimum_sample)
        return to_threshold(measured, "stated_false_answers", bound, k, n, kept=kept)
    kept = _judge_limit(k, n, gate.maximum_false_answers, gate.minimum_sample)
    return to_threshold(measured, "maximum_false_answers", gate.maximum_false_answers, k, n, kept=kept)


def _judge_stated_bound(k: int, n: int, bound: float, sample: int) -> Verdict:
    """Judge a bound that holds by construction: the sample must not contradict it, but need not prove it."""
    if interval(k, n)[0] > bound:
        return Verdict.FAIL
    return Verdict.PASS if n >= sample and k <= bound * n else Verdict.NOT_DECISIVE


def _judge_limit(k: int, n: int, limit: float, sample: int) -> Verdict:
    if lower_bound(k, n) > limit:
        return Verdict.FAIL
    return Verdict.PASS if n >= sample and upper_bound(k, n) <= limit else Verdict.NOT_DECISIVE


def require_at_least(measured: Measurement, name: str, limit: float, tally: Tally) -> Threshold:
    """Require a share of right answers. The limit is missed where nothing was asked."""
    kept = tally.asked > 0 and tally.right >= limit * tally.asked
    return to_threshold(measured, name, limit, tally.right, tally.asked, kept=kept)


def require_at_most(measured: Measurement, name: str, limit: int, k: int, n: int) -> Threshold:
    """Require that of `n` cases at most `limit` went wrong; `k` did."""
    return to_threshold(measured, name, limit, k, n, kept=k <= limit)


def require_all(measured: Measurement, name: str, k: int, n: int) -> Threshold:
    """Require that all `n` cases went right; no gate can lower this limit. `k` did."""
    return to_threshold(measured, name, 1.0, k, n, kept=k == n)


def require_within(measured: Measurement, name: str, limit: float, figure: float) -> Threshold:
    """Require that a figure, which is not a count, does not exceed the limit."""
    kept = Verdict.PASS if figure <= limit else Verdict.FAIL
    return Threshold(check=measured.id, name=name, limit=limit, k=0, n=0, measured=figure, verdict=kept)


def to_threshold(measured: Measurement, name: str, limit: float, k: int, n: int, *, kept: bool | Verdict) -> Threshold:
    verdict = kept if isinstance(kept, Verdict) else Verdict.PASS if kept else Verdict.FAIL
    share = k / n if n else 0.0
    return Threshold(check=measured.id, name=name, limit=limit, k=k, n=n, measured=share, verdict=verdict)
