"""Other names by which callers may ask, and the patterns of their questions."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from schemas.base import Reply, Request


class NameAlias(Request):
    """Who asks for `alias` is answered as if `name`, a taught subject or relation, had been asked for."""

    kind: Literal["subject", "relation"]
    alias: str = Field(min_length=1, max_length=1000)
    name: str = Field(min_length=1, max_length=131_072)


class NamesPut(Request):
    """All other names of a dictionary. A template is a question with `{subject}` and `{relation}` once each."""

    aliases: list[NameAlias] = Field(default=[], max_length=20_000)
    templates: list[str] = Field(default=[], max_length=200)


class Names(Reply):
    """`version` 0: none were ever set."""

    aliases: list[NameAlias]
    templates: list[str]
    version: int
    changed_at: datetime | None
    by: str | None
