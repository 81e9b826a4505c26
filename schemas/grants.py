"""Grants: what one API key may do in one dictionary, and with which of its relations."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import Reply, Request, document, not_both
from schemas.keys import Role

RelationName = Annotated[str, Field(min_length=1, max_length=1000)]


class GrantPut(Request):
    """`role` is the key's own where left out. `relations` are all that the key may see, or `denied` all that it may
    not; with neither it sees every relation.
    """

    model_config = document(
        {"relations": ["lead time"]}, {"role": "ingest", "denied": ["e-mail"]}, {}, **not_both(("relations", "denied"))
    )

    role: Role | None = None
    relations: list[RelationName] | None = Field(default=None, max_length=10_000)
    denied: list[RelationName] | None = Field(default=None, max_length=10_000)

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if self.relations is not None and self.denied is not None:
            raise ValueError("name the relations that are allowed or those that are denied, not both")
        return self


class Grant(Reply):
    key: str
    dictionary: str
    role: Role | None
    relations: list[str] | None
    denied: list[str] | None
    granted_at: datetime
    by: str


class GrantList(Reply):
    grants: list[Grant]
