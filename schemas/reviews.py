"""Reviews: answers that somebody doubts or that were drawn at random, and what a second person decided about them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import LONGEST_TEXT, Reply, Request, Text, Whole, document, goes_with

AnswerText = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
AnswerTexts = Annotated[list[AnswerText], Field(max_length=1000)]


class ReviewState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"


class ReviewSource(StrEnum):
    """Only what was sampled says anything about the error rate: nobody reports at random."""

    REPORTED = "reported"
    SAMPLED = "sampled"


class ReviewOrder(StrEnum):
    """How pairs are drawn, and in which order items are listed."""

    RANDOM = "random"
    LOWEST_MARGIN = "lowest_margin"
    NEWEST = "newest"


class ReviewCreate(Request):
    """A doubt about an answer. Without `answers` the memory is asked; without `memory` the champion is meant."""

    model_config = document(
        {"subject": "PART-1", "relation": "lead time"},
        {
            "subject": "PART-1",
            "relation": "lead time",
            "memory": "mem_2f6c0a8d41b7e935",
            "answers": ["4 days"],
            "expected": ["6 days"],
            "note": "The supplier says otherwise.",
        },
    )

    subject: Text
    relation: Text
    memory: str | None = None
    answers: AnswerTexts | None = None
    expected: AnswerTexts | None = None
    note: str = Field(default="", max_length=2000)


class SampleCreate(Request):
    model_config = document({"count": 2, "method": "lowest_margin"})

    count: Whole = Field(ge=1, le=10_000)
    method: ReviewOrder = ReviewOrder.RANDOM


class Sample(Reply):
    """`population` pairs could have been drawn; `drawn` were."""

    id: str
    memory: str
    method: ReviewOrder
    population: int
    drawn: int


class ReviewDecide(Request):
    """accept: the answer is right. correct: it is wrong and `answers` are right. reject: the item goes back, for the
    given reason.
    """

    model_config = document(
        {"decision": "accept", "reason": "as in the contract"},
        {"decision": "correct", "answers": ["6 days"], "reason": "as the supplier says"},
        {"decision": "reject", "reason": "no source given"},
        **goes_with("decision", "correct", "answers"),
    )

    decision: Literal["accept", "correct", "reject"]
    answers: AnswerTexts | None = None
    reason: str = Field(min_length=1, max_length=2000)


class Review(Reply):
    """`probability` is that of having been drawn; null for what was reported. `returned` counts rejections. `job` is
    set where a correction needs the whole memory trained anew: `memory_after` then stays null.
    """

    id: str
    source: ReviewSource
    state: ReviewState
    version: int
    subject: str
    relation: str
    memory: str
    answers: list[str]
    margin: float
    expected: list[str] | None
    note: str
    sample: str | None
    probability: float | None
    by: str
    created_at: datetime
    returned: int
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    corrected: list[str] | None
    memory_before: str | None
    memory_after: str | None
    job: str | None


class ReviewPage(Reply):
    reviews: list[Review]
    cursor: str | None


class Reported(Reply):
    """Reported items, counted apart: they are no random sample."""

    open: int
    right: int
    wrong: int


class Estimate(Reply):
    """The error rate of one memory: pairs answered wrongly of pairs answered, from the sampled items that were decided.

    `wrong` of `decided` are counts; `rate` weighs each by the inverse of its probability. `interval` is the 95 %
    interval of `method`, over `effective_sample` items. `floor` is the lower 95 % bound over everything `drawn`, with
    what is undecided taken as right: no choice of what to decide first can raise it.
    """

    memory: str
    drawn: int
    decided: int
    wrong: int
    rate: float | None
    interval: tuple[float, float]
    method: Literal["clopper_pearson", "korn_graubard"]
    effective_sample: float
    floor: float
    verdict: Literal["within", "exceeded", "not_decisive"]
    maximum: float
    minimum_sample: int
    reported: Reported
