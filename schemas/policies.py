"""Policies: what becomes of the answers of a relation, and of subjects, before anything of them is stored."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.base import Reply, Request, Whole, document, goes_with


class PolicyKind(StrEnum):
    """allow: as it is; drop: not kept; mask: only its shape; generalise: coarser; pseudonymise: a keyed name for it."""

    ALLOW = "allow"
    DROP = "drop"
    MASK = "mask"
    GENERALISE = "generalise"
    PSEUDONYMISE = "pseudonymise"


class Generalise(Request):
    """`year` of a date, `prefecture` of an address, or the `band` of `width` that a number lies in."""

    model_config = document(**goes_with("to", "band", "width"))

    to: Literal["year", "prefecture", "band"]
    width: Whole | None = Field(default=None, ge=1, le=10**12)

    @model_validator(mode="after")
    def _width_of_a_band(self) -> Self:
        if (self.to == "band") != (self.width is not None):
            raise ValueError("a band has a width, and nothing else has")
        return self


class Policy(Request):
    """For one relation, however its name is spelled (width, case and dashes aside)."""

    model_config = document(**goes_with("policy", "generalise", "generalise"))

    relation: str = Field(min_length=1, max_length=10_000, json_schema_extra={"pattern": "^[^\\u0000]*$"})
    policy: PolicyKind
    generalise: Generalise | None = None

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if (self.policy is PolicyKind.GENERALISE) != (self.generalise is not None):
            raise ValueError("the policy generalise says to what, and no other does")
        return self


class PoliciesPut(Request):
    """All policies of the dictionary; a relation that is not named is allowed."""

    model_config = document(
        {
            "policies": [
                {"relation": "e-mail", "policy": "mask"},
                {"relation": "birthday", "policy": "generalise", "generalise": {"to": "year"}},
                {"relation": "salary", "policy": "generalise", "generalise": {"to": "band", "width": 1000}},
            ],
            "subjects": "allow",
            "reason": "privacy review",
        }
    )

    policies: list[Policy] = Field(max_length=10_000)
    subjects: Literal["allow", "pseudonymise"] = "allow"
    reason: str = Field(max_length=1000)


class NotCompliant(Reply):
    """`facts` that are stored otherwise than the policy of `relation` (null: of the subjects) wants."""

    relation: str | None
    facts: int


class Policies(Reply):
    """`version` 0: none was ever set."""

    policies: list[Policy]
    subjects: Literal["allow", "pseudonymise"]
    version: int
    changed_at: datetime | None
    by: str | None
    reason: str | None


class PoliciesSet(Policies):
    """`not_compliant`: stored facts stay as they are until `policies:apply`."""

    not_compliant: list[NotCompliant]


class Complied(Reply):
    """Facts that were changed or dropped; `memory` is the champion that now serves them, or `job` the training that
    will. Neither where the champion is pinned to a memory that still answers what was there before: unpin it.
    """

    changed: int
    dropped: int
    memory: str | None
    ledger_version: int
    job: str | None


class PseudonymQuery(Request):
    """`pseudonyms` to be read, and `texts` whose pseudonyms are wanted."""

    model_config = document({"pseudonyms": ["PSN-7Q2K"], "texts": ["Tanaka"]})

    pseudonyms: list[str] = Field(default=[], max_length=10_000)
    texts: list[str] = Field(default=[], max_length=10_000)


class PseudonymAnswer(Reply):
    """In the order asked; null where the mapping does not hold the pseudonym."""

    texts: list[str | None]
    pseudonyms: list[str]


class Forgotten(Reply):
    pseudonyms: int
