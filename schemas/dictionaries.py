"""A dictionary: a named table of facts."""

from datetime import datetime

from pydantic import Field

from schemas.base import PRINTABLE, Reply, Request, document


class DictionaryCreate(Request):
    model_config = document({"name": "parts"})

    name: str = Field(min_length=1, max_length=200, json_schema_extra={"pattern": PRINTABLE})


class Dictionary(Reply):
    """behind: the champion holds the facts of an earlier ledger version, since it is pinned or waits for a training."""

    id: str
    name: str
    created_at: datetime
    ledger_version: int
    pairs: int
    facts: int
    champion: str | None
    behind: bool = False


class DictionaryList(Reply):
    dictionaries: list[Dictionary]
    cursor: str | None
