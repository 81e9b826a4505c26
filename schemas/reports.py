"""A report made by the service: the request, and where its three drawings are."""

from pydantic import Field

from schemas.base import Request


class ReportCreate(Request):
    """Which memory to report on (an alias or an id, never both; champion where neither is named)."""

    alias: str | None = None
    memory: str | None = None
    lang: str = Field(default="en", pattern="^(en|ja)$")
