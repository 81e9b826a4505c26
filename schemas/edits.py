"""Edits: a batch of facts put and pairs taken away, all or nothing."""

from enum import StrEnum

from pydantic import Field

from schemas.base import ItemText, Reply, Request, document, exactly_one
from schemas.jobs import Job


class FactUpsert(Request):
    """A pair's whole new answer: one `answer`, or the set `answers`; never both."""

    model_config = document(**exactly_one("answer", "answers"))

    subject: ItemText
    relation: ItemText
    answer: ItemText | None = None
    answers: list[ItemText] | None = Field(default=None, json_schema_extra={"minItems": 1})


class FactDelete(Request):
    subject: ItemText
    relation: ItemText


class FactBatch(Request):
    """Names without the white space at their ends, answers byte for byte; a pair is named once."""

    model_config = document(
        {"upsert": [{"subject": "PART-1", "relation": "lead time", "answer": "6 days"}]},
        {"delete": [{"subject": "PART-1", "relation": "maker"}]},
        {"upsert": [{"subject": "PART-1", "relation": "maker", "answers": ["Akita", "Beppu"]}]},
        anyOf=[{"required": [name], "properties": {name: {"minItems": 1}}} for name in ("upsert", "delete")],
    )

    upsert: list[FactUpsert] = Field(default=[], max_length=10_000)
    delete: list[FactDelete] = Field(default=[], max_length=10_000)


class EditOp(StrEnum):
    UPSERT = "upsert"
    DELETE = "delete"


class EditStatus(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    ABSENT = "absent"


class EditResult(Reply):
    op: EditOp
    subject: str
    relation: str
    status: EditStatus


class EditReply(Reply):
    """`results` stand in the order sent, upserts first; `memory` is the champion that now serves, null where there is
    none.
    """

    results: list[EditResult]
    memory: str | None
    ledger_version: int
    job: None


class EditAccepted(Job):
    """The ledger holds the edit; the champion follows when this job, a training, has ended."""

    results: list[EditResult]
    ledger_version: int
