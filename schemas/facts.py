"""Facts of the ledger as they are listed and searched."""

from pydantic import Field

from schemas.base import Reply, Request, Whole, document


class FactSearch(Request):
    model_config = document({}, {"subject": "PART-1", "relation": "lead time", "limit": 100, "as_of": 1})

    subject: str | None = None
    relation: str | None = None
    cursor: str | None = None
    limit: Whole = Field(default=1000, ge=1, le=10_000)
    as_of: Whole | None = Field(default=None, ge=0, description="a ledger version; the newest where left out")


class LedgerFact(Reply):
    """`line` is null to a key that sees only some relations."""

    subject: str
    relation: str
    answer: str
    upload: str
    line: int | None
    since: int
    until: int | None


class FactPage(Reply):
    facts: list[LedgerFact]
    ledger_version: int
    cursor: str | None
