"""The gate: limits that turn what was measured into pass, fail or not decisive.

Recall, questions and whatever is asked after a change are exhaustive, so their counts are compared as
they are. Never-taught questions are a sample: a
limit that the sample neither keeps nor breaks with 95 % confidence is not decisive.
"""

import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilot.checks.measured import Measured, Tally
from pilot.errors import UnusableInput, explained
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
"""Limits of checks that a run may leave out."""


class Priority(BaseModel):
    """[priority]: these pairs, and all of these relations and subjects, are judged on a line of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    relations: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    pairs: frozenset[Pair] = frozenset()

    def marks(self, pair: Pair) -> bool:
        return pair in self.pairs or pair[0] in self.subjects or pair[1] in self.relations


class Gate(BaseModel):
    """GATE.toml, every key optional. Without `maximum_false_answers` the stated bound must not be contradicted.

    minimum_retention: of the facts asked after all changes. maximum_forgotten: facts that a change of others cost.
    maximum_undeleted: questions that still brought a deleted answer. maximum_readable: names found in the artefact.
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
    priority: Priority | None = None

    def marked(self, pairs: Iterable[Pair]) -> frozenset[Pair] | None:
        """The pairs that [priority] marks; None where the gate has no such part."""
        if self.priority is None:
            return None
        return frozenset(filter(self.priority.marks, pairs))


def read_gate(path: Path | None) -> Gate:
    if path is None:
        return Gate()
    try:
        return Gate.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        why = explained(error)
        raise UnusableInput(f"the gate cannot be used: {why}", "gate_unusable", why=why) from None


def judge(gate: Gate, checks: Sequence[Measured], bound: float) -> list[Threshold]:
    """Every limit that applies to a check that was made, and those that the gate sets for one that was not; `bound` is
    the memory's stated share of false answers.
    """
    held = [threshold for measured in checks for threshold in _judge(gate, measured, bound)]
    return held + list(_open(gate, {measured.id for measured in checks}))


def verdict(thresholds: Iterable[Threshold]) -> Verdict:
    """The worst: one failure fails, one undecided limit leaves the whole undecided."""
    found = {threshold.verdict for threshold in thresholds}
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.NOT_DECISIVE if Verdict.NOT_DECISIVE in found else Verdict.PASS


def _open(gate: Gate, made: Collection[CheckId]) -> Iterator[Threshold]:
    """Who sets a limit wants it judged: without its check the report is not decisive. A minimum of nothing is none."""
    for name, check in _LEFT_OUT.items():
        limit = getattr(gate, name)
        if name in gate.model_fields_set and check not in made and (limit > 0 or name.startswith("maximum")):
            yield Threshold(check=check, name=name, limit=limit, k=0, n=0, measured=0, verdict=Verdict.NOT_DECISIVE)


def _judge(gate: Gate, measured: Measured, bound: float) -> Iterator[Threshold]:
    match measured.id, measured.details:
        case CheckId.UNKNOWN, _:
            yield _false_answers(gate, measured, bound)
        case CheckId.RECALL, _:
            yield at_least(measured, "minimum_recall", gate.minimum_recall, measured.tally)
            yield from _priority(gate, measured)
            yield _wrong(gate, measured)
        case CheckId.QUESTIONS, _:
            if gate.minimum_questions > 0:
                yield at_least(measured, "minimum_questions", gate.minimum_questions, measured.tally)
            yield _wrong(gate, measured)
        case CheckId.LATENCY, _:
            yield _wrong(gate, measured)
            if gate.maximum_p99_ms is not None:
                p99 = next(timing.p99_ms for timing in measured.timings if timing.name == "single")
                yield within(measured, "maximum_p99_ms", gate.maximum_p99_ms, p99)
        case _, Retention() as found:
            yield at_least(measured, "minimum_retention", gate.minimum_retention, measured.tally)
            yield at_most(measured, "maximum_forgotten", gate.maximum_forgotten, found.forgotten, found.others)
            yield from _priority(gate, measured)
        case _, Deletion() as found:
            yield from _deletion(gate, measured, found)
        case _, Rollback() as found:
            yield every(measured, "rollback_right", measured.tally.right, measured.tally.asked)
            yield within(measured, "maximum_rollback_ms", gate.maximum_rollback_ms, max(found.milliseconds))
            yield every(measured, "history_kept", found.reasons_found, found.reasons_given)
        case _, Privacy() as found:
            yield from _privacy(gate, measured, found)
        case _:
            yield _wrong(gate, measured)


def _wrong(gate: Gate, measured: Measured) -> Threshold:
    return at_most(measured, "maximum_wrong", gate.maximum_wrong, measured.tally.wrong, measured.tally.asked)


def _priority(gate: Gate, measured: Measured) -> Iterator[Threshold]:
    """A part that marks no fact of the table guards nothing, and is not kept."""
    if measured.priority is not None:
        yield at_least(measured, "minimum_priority", gate.minimum_priority, measured.priority)


def _deletion(gate: Gate, measured: Measured, found: Deletion) -> Iterator[Threshold]:
    parts = measured.parts
    gone = parts["deleted"] + parts["spellings"] + parts["questions"]
    kept = parts["others"] + parts["restored"]
    digests = [found.digest_before != found.digest_after, found.digest_before == found.digest_restored]
    yield at_most(measured, "maximum_undeleted", gate.maximum_undeleted, gone.wrong, gone.asked)
    yield every(measured, "others_kept", kept.right, kept.asked)
    yield every(measured, "absence_proved", parts["proofs"].right, parts["proofs"].asked)
    yield every(measured, "digest_restored", sum(digests), len(digests))


def _privacy(gate: Gate, measured: Measured, found: Privacy) -> Iterator[Threshold]:
    strangers = measured.parts["strangers"]
    yield every(measured, "strangers_refused", strangers.right, strangers.asked)
    if found.artefact is not None:
        shown = found.artefact
        yield at_most(measured, "maximum_readable", gate.maximum_readable, shown.found, shown.searched)


def _false_answers(gate: Gate, measured: Measured, bound: float) -> Threshold:
    k, n = measured.tally.wrong, measured.tally.asked
    if gate.maximum_false_answers is None:
        kept = _not_contradicted(k, n, bound, gate.minimum_sample)
        return judged(measured, "stated_false_answers", bound, k, n, kept=kept)
    kept = _shown(k, n, gate.maximum_false_answers, gate.minimum_sample)
    return judged(measured, "maximum_false_answers", gate.maximum_false_answers, k, n, kept=kept)


def _not_contradicted(k: int, n: int, bound: float, sample: int) -> Verdict:
    """The bound holds by construction; the sample may contradict it, but need not be large enough to show it."""
    if interval(k, n)[0] > bound:
        return Verdict.FAIL
    return Verdict.PASS if n >= sample and k <= bound * n else Verdict.NOT_DECISIVE


def _shown(k: int, n: int, limit: float, sample: int) -> Verdict:
    if lower_bound(k, n) > limit:
        return Verdict.FAIL
    return Verdict.PASS if n >= sample and upper_bound(k, n) <= limit else Verdict.NOT_DECISIVE


def at_least(measured: Measured, name: str, limit: float, tally: Tally) -> Threshold:
    """The share of right ones; nothing asked keeps no limit."""
    kept = tally.asked > 0 and tally.right >= limit * tally.asked
    return judged(measured, name, limit, tally.right, tally.asked, kept=kept)


def at_most(measured: Measured, name: str, limit: int, k: int, n: int) -> Threshold:
    """A count of what should not have come about, `k` of `n`."""
    return judged(measured, name, limit, k, n, kept=k <= limit)


def every(measured: Measured, name: str, k: int, n: int) -> Threshold:
    """A limit that no gate can lower: all of `n`."""
    return judged(measured, name, 1.0, k, n, kept=k == n)


def within(measured: Measured, name: str, limit: float, figure: float) -> Threshold:
    """A figure that is no count."""
    kept = Verdict.PASS if figure <= limit else Verdict.FAIL
    return Threshold(check=measured.id, name=name, limit=limit, k=0, n=0, measured=figure, verdict=kept)


def judged(measured: Measured, name: str, limit: float, k: int, n: int, *, kept: bool | Verdict) -> Threshold:
    verdict = kept if isinstance(kept, Verdict) else Verdict.PASS if kept else Verdict.FAIL
    share = k / n if n else 0.0
    return Threshold(check=measured.id, name=name, limit=limit, k=k, n=n, measured=share, verdict=verdict)
