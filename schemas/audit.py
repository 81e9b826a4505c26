"""The audit chain on the wire. Names and answers are never in an entry: it holds commitments to them."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from schemas.base import Day, Moment, Reply, Request, Whole, document, not_both


class AuditHead(Reply):
    """How many entries the chain had at a time, and the MAC of the last. Kept elsewhere, it proves later that nothing
    up to there was taken away or changed. `mac` proves that this service exported it.
    """

    entries: int
    head: str
    at: str
    mac: str


class AuditEntry(Reply):
    """`committed` is how many rows of names this entry commits to; `previous` and `mac` in hexadecimal digits."""

    number: int
    at: datetime
    act: str
    by: str
    dictionary: str | None
    memory: str | None
    details: dict[str, object]
    committed: int
    previous: str
    mac: str


class AuditPage(Reply):
    """Newest first; `cursor` asks for the older ones."""

    entries: list[AuditEntry]
    cursor: str | None


class AuditVerify(Request):
    model_config = document({})

    head: AuditHead | None = None


class Tampering(StrEnum):
    ALTERED = "altered"
    MISSING = "missing"
    REORDERED = "reordered"
    CUT_OFF = "cut_off"
    INSERTED = "inserted"


class AuditFinding(Reply):
    """The first entry that is not as it was written; `number` is None where it is no entry's fault."""

    number: int | None
    kind: Tampering
    detail: str


class AuditVerdict(Reply):
    """`first` and `last` are the numbers of the entries that were read and found whole; entries before `first` were
    dropped by the retention policy.
    """

    valid: bool
    entries: int
    first: int | None
    last: int | None
    finding: AuditFinding | None


class AuditSearch(Request):
    """One pair, on one day (UTC) or in a time; `until` is not included."""

    model_config = document(
        {"dictionary": "dic_5d1e9b3a7c2f4608", "subject": "PART-1", "relation": "lead time", "day": "2026-11-22"},
        {
            "dictionary": "dic_5d1e9b3a7c2f4608",
            "subject": "PART-1",
            "relation": "lead time",
            "since": "2026-11-01T00:00:00Z",
            "until": "2026-12-01T00:00:00Z",
            "limit": 100,
        },
        **not_both(("day", "since"), ("day", "until")),
    )

    dictionary: str
    subject: str
    relation: str
    day: Day | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Whole = Field(default=1000, ge=1, le=10_000)


class AuditSource(Reply):
    """Who taught it: the line of the upload that the ledger version held the answer by."""

    upload: str
    line: int
    by: str | None
    ledger_version: int


class AuditAnswer(Reply):
    """`proven` says that the entry commits to just this status and these answers."""

    status: str | None
    answers: list[str]
    proven: bool


class AuditHit(Reply):
    """One entry that is about the pair: for a recall with what was answered, and who taught that."""

    number: int
    at: datetime
    act: str
    by: str
    memory: str | None
    details: dict[str, object]
    answer: AuditAnswer | None
    source: AuditSource | None


class AuditReview(Reply):
    """A review of the pair: who doubted or drew it, and who decided."""

    id: str
    state: str
    memory: str
    by: str
    at: datetime
    decided_by: str | None
    decided_at: datetime | None


class AuditFound(Reply):
    """In the order of time. `recalls` says whether every recall is to be found: `off`, `sampled` or `all`."""

    entries: list[AuditHit]
    reviews: list[AuditReview]
    recalls: Literal["off", "sampled", "all"]
    truncated: bool
