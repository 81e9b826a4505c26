"""Recall on the wire. msgspec structs, not pydantic: a batch carries 10,000 of them and the codec is the hot path."""

from enum import StrEnum

import msgspec


class Status(StrEnum):
    ANSWERED = "answered"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"


class Query(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One query in one of four forms: subject + relation; a question; subject + relations (a chain); subject alone."""

    subject: str | None = None
    relation: str | None = None
    relations: list[str] | None = None
    question: str | None = None
    alias: str | None = None
    memory: str | None = None
    compare: bool = False


class BatchQuery(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Rows (`queries`) or columns (`subjects` and `relations` of one length), never both."""

    queries: list[Query] | None = None
    subjects: list[str] | None = None
    relations: list[str] | None = None
    alias: str | None = None
    memory: str | None = None
    compare: bool = False


class Candidate(msgspec.Struct):
    """One pair that the question could have meant, with what the memory holds for it."""

    subject: str
    relation: str
    answers: list[str]


class LedgerView(msgspec.Struct):
    """What the ledger holds for the pair at the memory's ledger version; never the source of an answer."""

    agrees: bool
    answers: list[str]
    upload: str | None
    line: int | None


class Result(msgspec.Struct):
    """`margin` is the smallest |y| over the code's bits, in units of the training target (1.0); 0 when unknown."""

    status: Status
    answers: list[str]
    subject: str | None
    relation: str | None
    margin: float
    memory: str
    candidates: list[Candidate]
    ledger: LedgerView | None


class BatchResult(msgspec.Struct):
    results: list[Result]


class ColumnsResult(msgspec.Struct):
    statuses: list[Status]
    answers: list[list[str]]
    margins: list[float]
    memory: str
