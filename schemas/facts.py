"""Facts of the ledger as they are listed and searched."""

from pydantic import Field

from schemas.base import Reply, Request


class FactSearch(Request):
    subject: str | None = None
    relation: str | None = None
    cursor: str | None = None
    limit: int = Field(default=1000, ge=1, le=10_000)
    as_of: int | None = Field(default=None, ge=0, description="a ledger version; the newest where left out")


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
