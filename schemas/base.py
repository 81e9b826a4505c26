"""The two kinds of shape on the wire."""

from pydantic import BaseModel, ConfigDict


class Request(BaseModel):
    """What a caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reply(BaseModel):
    """What the service sends: no defaults, so a forgotten field is an error here and not at the caller."""

    model_config = ConfigDict(extra="forbid", frozen=True)
