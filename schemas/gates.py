"""The gate before an alias moves: its limits, the facts it counts apart, and what a memory was measured at."""

from enum import StrEnum

from pydantic import Field

from schemas.base import Reply, Request, Text, document


class GateLimits(Request):
    """gate.toml, every key optional. Without `maximum_false_answers` no never-taught question is asked. `maximum_error`
    is what reviews may find of a memory that serves; a setting where it is left out.
    """

    minimum_recall: float = Field(default=1.0, ge=0, le=1)
    minimum_priority: float = Field(default=1.0, ge=0, le=1)
    maximum_false_answers: float | None = Field(default=None, gt=0, le=1)
    minimum_sample: int = Field(default=1000, ge=1, le=10_000_000)
    maximum_error: float | None = Field(default=None, ge=0, le=1)


class PriorityPair(Request):
    subject: Text
    relation: Text


class PriorityPut(Request):
    """All facts that are marked from now on: single pairs, and every pair of whole relations."""

    model_config = document({"pairs": [{"subject": "PART-1", "relation": "lead time"}], "relations": ["maker"]})

    pairs: list[PriorityPair] = Field(default=[], max_length=100_000)
    relations: list[Text] = Field(default=[], max_length=10_000)


class Priority(Reply):
    pairs: list[PriorityPair]
    relations: list[str]


class GateVerdict(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    NOT_DECISIVE = "not_decisive"


class GateFigure(Reply):
    """One limit held against what was counted: `count` of `asked`, with the 95 % interval of their share where they are
    a sample. `limit` bounds the share from below for `recall` and `priority`, from above for `false_answers`.
    """

    name: str
    count: int
    asked: int
    interval: tuple[float, float] | None
    limit: float
    verdict: GateVerdict


class GateReply(Reply):
    """`limits` is null where there is no gate; `figures` are the champion's, null where it was not measured."""

    limits: GateLimits | None
    priority_pairs: int
    priority_relations: int
    figures: list[GateFigure] | None
