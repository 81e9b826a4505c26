"""The gate: limits that turn what was measured into pass, fail or not decisive.

Recall and questions are exhaustive, so their counts are compared as they are. Never-taught questions are a sample: a
limit that the sample neither keeps nor breaks with 95 % confidence is not decisive.
"""

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilot.checks.measured import Measured
from pilot.errors import UnusableInput, explained
from pilot.statistics import interval, lower_bound, upper_bound
from schemas.report import CheckId, Threshold, Verdict


class Gate(BaseModel):
    """GATE.toml, every key optional. Without `maximum_false_answers` the stated bound must not be contradicted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_recall: float = Field(default=1.0, ge=0, le=1)
    maximum_wrong: int = Field(default=0, ge=0)
    maximum_false_answers: float | None = Field(default=None, gt=0, le=1)
    minimum_sample: int = Field(default=1000, ge=1)
    minimum_questions: float = Field(default=0.0, ge=0, le=1)
    maximum_p99_ms: float | None = Field(default=None, gt=0)


class Limit(NamedTuple):
    name: str
    value: float


def read_gate(path: Path | None) -> Gate:
    if path is None:
        return Gate()
    try:
        return Gate.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise UnusableInput(f"the gate cannot be used: {explained(error)}") from None


def judge(gate: Gate, checks: Iterable[Measured], bound: float) -> list[Threshold]:
    """Every limit that applies to a check that was run; `bound` is the memory's stated share of false answers."""
    return [threshold for measured in checks for threshold in _judge(gate, measured, bound)]


def verdict(thresholds: Iterable[Threshold]) -> Verdict:
    """The worst: one failure fails, one undecided limit leaves the whole undecided."""
    found = {threshold.verdict for threshold in thresholds}
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.NOT_DECISIVE if Verdict.NOT_DECISIVE in found else Verdict.PASS


def _judge(gate: Gate, measured: Measured, bound: float) -> Iterator[Threshold]:
    match measured.id:
        case CheckId.UNKNOWN:
            yield _false_answers(gate, measured, bound)
        case CheckId.RECALL:
            yield _at_least("minimum_recall", measured, gate.minimum_recall)
            yield _wrong(gate, measured)
        case CheckId.QUESTIONS:
            if gate.minimum_questions > 0:
                yield _at_least("minimum_questions", measured, gate.minimum_questions)
            yield _wrong(gate, measured)
        case CheckId.LATENCY:
            yield _wrong(gate, measured)
            if gate.maximum_p99_ms is not None:
                yield _slowest(measured, gate.maximum_p99_ms)
        case _:
            yield _wrong(gate, measured)


def _at_least(name: str, measured: Measured, limit: float) -> Threshold:
    tally = measured.tally
    kept = tally.asked > 0 and tally.right >= limit * tally.asked
    return _threshold(measured, Limit(name, limit), tally.right, Verdict.PASS if kept else Verdict.FAIL)


def _wrong(gate: Gate, measured: Measured) -> Threshold:
    tally = measured.tally
    kept = Verdict.PASS if tally.wrong <= gate.maximum_wrong else Verdict.FAIL
    return _threshold(measured, Limit("maximum_wrong", gate.maximum_wrong), tally.wrong, kept)


def _false_answers(gate: Gate, measured: Measured, bound: float) -> Threshold:
    k, n = measured.tally.wrong, measured.tally.asked
    if gate.maximum_false_answers is None:
        found = _not_contradicted(k, n, bound, gate.minimum_sample)
        return _threshold(measured, Limit("stated_false_answers", bound), k, found)
    found = _shown(k, n, gate.maximum_false_answers, gate.minimum_sample)
    return _threshold(measured, Limit("maximum_false_answers", gate.maximum_false_answers), k, found)


def _not_contradicted(k: int, n: int, bound: float, sample: int) -> Verdict:
    """The bound holds by construction; the sample may contradict it, but need not be large enough to show it."""
    if interval(k, n)[0] > bound:
        return Verdict.FAIL
    return Verdict.PASS if n >= sample and k <= bound * n else Verdict.NOT_DECISIVE


def _shown(k: int, n: int, limit: float, sample: int) -> Verdict:
    if lower_bound(k, n) > limit:
        return Verdict.FAIL
    return Verdict.PASS if n >= sample and upper_bound(k, n) <= limit else Verdict.NOT_DECISIVE


def _slowest(measured: Measured, limit: float) -> Threshold:
    p99 = next(timing.p99_ms for timing in measured.timings if timing.name == "single")
    kept = Verdict.PASS if p99 <= limit else Verdict.FAIL
    return Threshold(check=measured.id, name="maximum_p99_ms", limit=limit, k=0, n=0, measured=p99, verdict=kept)


def _threshold(measured: Measured, limit: Limit, k: int, kept: Verdict) -> Threshold:
    n = measured.tally.asked
    share = k / n if n else 0.0
    return Threshold(check=measured.id, name=limit.name, limit=limit.value, k=k, n=n, measured=share, verdict=kept)
