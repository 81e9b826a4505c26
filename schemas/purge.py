"""Purge: facts deleted together with their text and every trace of it."""

from typing import Self

from pydantic import Field, model_validator

from schemas.base import Reply, Request, document, exactly_one


class PurgedPair(Request):
    subject: str = Field(min_length=1)
    relation: str = Field(min_length=1)


class PurgeRequest(Request):
    """Either some pairs, or everything the ledger holds or ever held of one subject."""

    model_config = document(
        {"pairs": [{"subject": "PART-9", "relation": "e-mail"}], "reason": "asked for by letter"},
        {"subject": "PART-9", "reason": "asked for by letter"},
        **exactly_one("pairs", "subject"),
    )

    pairs: list[PurgedPair] | None = Field(default=None, min_length=1, max_length=1000)
    subject: str | None = Field(default=None, min_length=1)
    reason: str = Field(max_length=1000)

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.pairs is None) == (self.subject is None):
            raise ValueError("give pairs, or a subject")
        return self


class Purge(Reply):
    """What left the ledger at once. Files follow in the job; its result says whether anything is still to be erased.

    `shared` counts names and answers of the purged facts that other facts of the dictionary still hold: these stay.
    `withdrawn` are the memories that held the facts; `memory` is the one that serves without them.
    """

    id: str
    pairs: int
    facts: int
    shared: int
    ledger_version: int
    memory: str | None
    withdrawn: list[str]
    job: str
