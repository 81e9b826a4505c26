"""Edits: a batch of facts put and pairs taken away, all or nothing."""

from enum import StrEnum

from pydantic import Field

from schemas.base import Reply, Request
from schemas.jobs import Job


class FactUpsert(Request):
    """A pair's whole new answer: one `answer`, or the set `answers`; never both."""

    subject: str
    relation: str
    answer: str | None = None
    answers: list[str] | None = None


class FactDelete(Request):
    subject: str
    relation: str


class FactBatch(Request):
    """Names without the white space at their ends, answers byte for byte; a pair is named once."""

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
