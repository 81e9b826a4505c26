"""A report made by the service: the request, and where its three drawings are."""

from pydantic import Field

from schemas.base import Request, document, not_both


class ReportCreate(Request):
    """Which memory to report on (an alias or an id, never both; champion where neither is named)."""

    model_config = document(
        {}, {"alias": "champion", "lang": "ja"}, {"memory": "mem_2f6c0a8d41b7e935"}, **not_both(("alias", "memory"))
    )

    alias: str | None = None
    memory: str | None = None
    lang: str = Field(default="en", pattern="^(en|ja)$")
