"""Recall on the wire. msgspec structs, not pydantic: a batch carries 10,000 of them and the codec is the hot path.

`gc=False`: none of them can be part of a cycle, and 10,000 new objects would otherwise start a collection.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Status(StrEnum):
    ANSWERED = "answered"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"


class Query(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One query in one of four forms: subject + relation; a question; subject + relations (a chain); subject alone."""

    subject: str | None = None
    relation: str | None = None
    relations: list[str] | None = None
    question: str | None = None
    alias: str | None = None
    memory: str | None = None
    compare: bool = False


class BatchQuery(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Rows (`queries`) or columns (`subjects` and `relations` of one length), never both."""

    queries: list[Query] | None = None
    subjects: list[str] | None = None
    relations: list[str] | None = None
    alias: str | None = None
    memory: str | None = None
    compare: bool = False


class Candidate(msgspec.Struct, gc=False):
    """One pair that the question could have meant, with what the memory holds for it."""

    subject: str
    relation: str
    answers: Sequence[str]


class LedgerView(msgspec.Struct, gc=False):
    """What the ledger holds for the pair at the memory's ledger version; never the source of an answer."""

    agrees: bool
    answers: Sequence[str]
    upload: str | None
    line: int | None


class Result(msgspec.Struct, gc=False):
    """`subject` and `relation` name the pair that was recalled: as asked, or as found in the question; a chain and a
    listing have no single relation. `margin` is the smallest |y| over the code's bits of every pair used, in units
    of the training target (1.0); 0 unless answered.
    """

    status: Status
    answers: Sequence[str]
    subject: str | None
    relation: str | None
    margin: float
    memory: str
    candidates: Sequence[Candidate]
    ledger: LedgerView | None


class BatchResult(msgspec.Struct, gc=False):
    results: Sequence[Result]


class ColumnsResult(msgspec.Struct, gc=False):
    statuses: Sequence[Status]
    answers: Sequence[Sequence[str]]
    margins: Sequence[float]
    memory: str
