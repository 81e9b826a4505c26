"""The checks of a report, what each found, and the limits of the gate. Every count is an integer; rates come last.

In every tally asked = right + wrong + abstained. For a taught pair `right` means that the set of answers is equal; for
a question that has no answer, abstaining is `right` and answering is `wrong`. `rate` is right / asked (0 where nothing
was asked) and `interval` its 95 % Clopper-Pearson interval.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from schemas.base import Reply
from schemas.experiments import ExperimentId
from schemas.problems import Code
from schemas.recall import Status


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


class Counted(Reply):
    """Pairs or questions: asked = right + wrong + abstained; rate = right / asked, with its 95 % interval."""

    asked: int
    right: int
    wrong: int
    abstained: int
    rate: float
    interval: tuple[float, float]


class Part(Counted):
    """One part of a check: a relation, a kind of never-taught question."""

    name: str


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


class Copy(Reply):
    """The scratch copy on which facts were changed: `pairs` of the `of` in the file, drawn at random if fewer."""

    pairs: int
    of: int


class Step(Reply):
    """One round of changes, after which every pair of the copy was asked again.

    `changed` pairs were given other answers, in `requests` that took `seconds`; `held` of them answer as they should.
    Of the `others`, not changed in this round and right before it, `forgotten` were not right after it.
    """

    share: float
    changed: int
    requests: int
    seconds: float
    asked: int
    right: int
    wrong: int
    abstained: int
    held: int
    others: int
    forgotten: int


class Retention(Reply):
    """Every round of changes; and what the last memory holds, by relation."""

    copy_of: Copy
    steps: list[Step]
    relations: list[Part]
    others: int
    forgotten: int


class Deletion(Reply):
    """How many pairs were deleted, and the memory's digest before it, after it, and once they were taught again."""

    copy_of: Copy
    deleted: int
    digest_before: str
    digest_after: str
    digest_restored: str


class Switch(Reply):
    """One entry of the champion's history."""

    at: datetime
    by: str
    reason: str
    memory: str


class Rollback(Reply):
    """Milliseconds of each call that rolled back; the history it left; the digests that must be equal."""

    copy_of: Copy
    edited: int
    milliseconds: list[float]
    history: list[Switch]
    reasons_given: int
    reasons_found: int
    digest_before: str
    digest_restored: str


class Artefact(Reply):
    """The stored memory, searched for every name of the file in three encodings.

    `short`: names too short in every encoding to be told from chance; `own`: names that stand in any memory's files.
    """

    bytes: int
    names: int
    searched: int
    short: int
    own: int
    found: int


class Membership(Reply):
    """An attacker who tells a taught pair by its being answered. The interval is exact, for both rates at once.

    `auc`: the chance that a taught pair scores above one never taught, a tie counting half; by status, and by margin.
    """

    attacker: Literal["caller", "stranger"]
    members: int
    members_answered: int
    others: int
    others_answered: int
    auc: float
    interval: tuple[float, float]
    auc_by_margin: float


class CeilingPoint(Reply):
    """The highest recall that differential privacy with this epsilon allows on this table."""

    epsilon: float
    recall: float


class Randomised(Counted):
    """A memory of answers drawn at random with this epsilon, asked every pair and judged by the true answers."""

    copy_of: Copy
    epsilon: float
    ceiling: float


class Privacy(Reply):
    """None: not measured. `artefact`, where the pilot cannot read the service's disk; both, where no scratch dictionary
    was wanted.
    """

    artefact: Artefact | None
    membership: list[Membership]
    delta: float
    ceiling: list[CeilingPoint]
    randomised: Randomised | None


class Check(Counted):
    """`priority`: the facts that the gate marks, counted apart, where it marks any; they are in the parts too.

    `details`: what a check that changes facts, or looks at the artefact, found besides.
    """

    id: CheckId
    passed: bool
    verdict: Verdict
    seconds: float
    parts: list[Part]
    failing: list[Failing]
    timings: list[Timing]
    holdings: list[Holding]
    priority: Part | None
    details: Retention | Deletion | Rollback | Privacy | None


class LeftOut(Reply):
    """A check that was not made and why, or an experiment without a result: then the code of its problem."""

    check: CheckId | ExperimentId
    reason: Literal["no_questions", "not_wanted", "not_permitted", "too_few_pairs", "cancelled"] | Code
    detail: str | None


class Threshold(Reply):
    """One limit of the gate held against `k` of `n` (or a figure in `n` of 0: then `measured` alone counts)."""

    check: CheckId
    name: str
    limit: float
    k: int
    n: int
    measured: float
    verdict: Verdict
