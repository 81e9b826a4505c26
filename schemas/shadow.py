"""Shadow mode: a share of the live recalls is asked of a challenger as well, and the replies are compared."""

from datetime import datetime

from pydantic import Field

from schemas.base import AliasName, Number, Reply, Request, document
from schemas.recall import Status


class ShadowPut(Request):
    """`share` of the pairs that are recalled through the champion."""

    model_config = document({"share": 0.1, "alias": "beta"})

    share: Number = Field(ge=0, le=1)
    alias: AliasName = Field(default="challenger", json_schema_extra={"not": {"const": "champion"}})


class ShadowCounts(Reply):
    """asked = agreed + disagreed + stale: a pair that changed between the ledger versions of the two memories shows
    nothing about either.
    """

    asked: int
    agreed: int
    disagreed: int
    stale: int


class ShadowRelation(ShadowCounts):
    """`relation` is null for those that neither memory was taught, and for other spellings of those that were."""

    relation: str | None


class Shadow(ShadowCounts):
    """`behind` counts the pairs that the champion's ledger version and the challenger's differ in; `challenger` is null
    while the alias points nowhere. `dropped` pairs were drawn, but too many waited already.
    """

    alias: str
    share: float
    since: datetime
    by: str
    champion: str | None
    challenger: str | None
    behind: int
    dropped: int
    relations: list[ShadowRelation]


class Said(Reply):
    memory: str
    status: Status
    answers: list[str]


class Disagreement(Reply):
    at: datetime
    subject: str
    relation: str
    champion: Said
    challenger: Said
    stale: bool


class DisagreementList(Reply):
    """Newest first; the newest thousand are kept."""

    disagreements: list[Disagreement]
