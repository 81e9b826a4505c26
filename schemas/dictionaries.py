"""A dictionary: a named table of facts."""

from datetime import datetime

from pydantic import Field

from schemas.base import Reply, Request


class DictionaryCreate(Request):
    name: str = Field(min_length=1, max_length=200)


class Dictionary(Reply):
    id: str
    name: str
    created_at: datetime
    ledger_version: int
    pairs: int
    facts: int
    champion: str | None


class DictionaryList(Reply):
    dictionaries: list[Dictionary]
