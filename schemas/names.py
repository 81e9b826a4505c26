"""Other names by which callers may ask, and the patterns of their questions."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import NO_SPACE, NOT_BLANK, Reply, Request, Text, document

_PLAIN = r"(?:(?!\{(?:subject|relation)\})[\s\S])*"
_BETWEEN = rf"{_PLAIN}(?!\{{(?:subject|relation)\}}){NO_SPACE}{_PLAIN}"
_TEMPLATE = rf"^{_PLAIN}(?:\{{subject\}}{_BETWEEN}\{{relation\}}|\{{relation\}}{_BETWEEN}\{{subject\}}){_PLAIN}$"
Template = Annotated[str, Field(json_schema_extra={"pattern": _TEMPLATE})]


class NameAlias(Request):
    """Who asks for `alias` is answered as if `name`, a taught subject or relation, had been asked for."""

    kind: Literal["subject", "relation"]
    alias: str = Field(min_length=1, max_length=1000, json_schema_extra={"pattern": NOT_BLANK})
    name: Text


class NamesPut(Request):
    """All other names of a dictionary. A template is a question with `{subject}` and `{relation}` once each."""

    model_config = document(
        {
            "aliases": [{"kind": "subject", "alias": "the first part", "name": "PART-1"}],
            "templates": ["what is the {relation} of {subject}?"],
        }
    )

    aliases: list[NameAlias] = Field(default=[], max_length=20_000)
    templates: list[Template] = Field(default=[], max_length=200)


class Names(Reply):
    """`version` 0: none were ever set."""

    aliases: list[NameAlias]
    templates: list[str]
    version: int
    changed_at: datetime | None
    by: str | None
