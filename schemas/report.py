"""The report: one versioned document, drawn as JSON, HTML and JUnit. Every count is an integer; rates come last.

In every tally asked = right + wrong + abstained. For a taught pair `right` means that the set of answers is equal; for
a question that has no answer, abstaining is `right` and answering is `wrong`. `rate` is right / asked (0 where nothing
was asked) and `interval` its 95 % Clopper-Pearson interval.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from schemas.base import Reply
from schemas.recall import Status
from schemas.uploads import Finding, Mode, OnConflict, RefusedCount


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NOT_DECISIVE = "not_decisive"


class CheckId(StrEnum):
    RECALL = "recall"
    UNKNOWN = "unknown"
    QUESTIONS = "questions"
    NOISE = "noise"
    RETENTION = "retention"
    DELETION = "deletion"
    ROLLBACK = "rollback"
    LATENCY = "latency"
    PRIVACY = "privacy"


class Difference(Reply):
    """A figure on which the service's receipt and the pilot's own reading of the file do not agree."""

    field: str
    receipt: int | str
    pilot: int | str


class DictionaryFigures(Reply):
    """The receipt's figures, then what the pilot counted itself: facts, pairs, names, bits and entropy."""

    name: str
    file: str
    file_bytes: int
    sha256: str
    mode: Mode
    on_conflict: OnConflict
    rows_read: int
    accepted: int
    duplicate: int
    conflicting: int
    rejected: int
    created: int
    updated: int
    unchanged: int
    deleted: int
    encoding: str
    delimiter: str | None
    header: list[str]
    ignored_columns: list[str]
    blank_lines: int
    refused: list[RefusedCount]
    findings: list[Finding]
    facts: int
    pairs: int
    subjects: int
    relations: int
    answers: int
    bits: float
    entropy: float
    differences: list[Difference]


class MemoryFigures(Reply):
    """`bits_per_parameter`: the dictionary's bits over the stored ones; `false_answers`: the bound by construction."""

    id: str
    digest: str
    recipe: dict[str, object]
    facts: int
    pairs: int
    stored_parameters: int
    frozen_parameters: int
    bytes: int
    bytes_total: int
    code_bits_total: int
    bits_per_parameter: float
    false_answers: float
    train_seconds: float
    verify_seconds: float
    device: str


class Coverage(Reply):
    """`taught` of the file's `rows` became facts; of the pairs `asked`, `answered` were answered, right or wrong."""

    taught: int
    rows: int
    answered: int
    asked: int


class ErrorRate(Reply):
    """`wrong` of the taught pairs that were `answered`."""

    wrong: int
    answered: int
    interval: tuple[float, float]


class Part(Reply):
    """One part of a check: a relation, a kind of never-taught question."""

    name: str
    asked: int
    right: int
    wrong: int
    abstained: int
    rate: float
    interval: tuple[float, float]


class Failing(Reply):
    """One thing asked that did not get its right answer; `line` is the fact's line in the file."""

    part: str
    subject: str | None
    relation: str | None
    question: str | None
    expected: list[str]
    status: Status
    answers: list[str]
    line: int | None


class Timing(Reply):
    """`queries` in each request, `concurrent` requests at a time; milliseconds a request, queries a second in all."""

    name: str
    requests: int
    queries: int
    concurrent: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    queries_per_second: float


class Holding(Reply):
    """What one way of holding the same facts costs. None: not measured, or not applicable."""

    name: str
    bytes: int | None
    build_seconds: float | None
    lookups_per_second: float | None
    right: int | None
    asked: int | None


class Check(Reply):
    id: CheckId
    asked: int
    right: int
    wrong: int
    abstained: int
    rate: float
    interval: tuple[float, float]
    passed: bool
    verdict: Verdict
    seconds: float
    parts: list[Part]
    failing: list[Failing]
    timings: list[Timing]
    holdings: list[Holding]


class Threshold(Reply):
    """One limit of the gate held against `k` of `n` (or a figure in `n` of 0: then `measured` alone counts)."""

    check: CheckId
    name: str
    limit: float
    k: int
    n: int
    measured: float
    verdict: Verdict


class Run(Reply):
    """How the report came about, so that it can be made again."""

    started_at: datetime
    seconds: float
    command: str
    pilot_version: str
    machine: str
    seed: int
    embedded: bool


class Report(Reply):
    format_version: Literal[1]
    dictionary: DictionaryFigures
    memory: MemoryFigures
    coverage: Coverage
    error_rate: ErrorRate
    checks: list[Check]
    experiments: list[dict[str, object]]
    verdict: Verdict
    gate: list[Threshold]
    run: Run
