"""The two kinds of shape on the wire."""

from pydantic import BaseModel, ConfigDict


class Request(BaseModel):
    """What a caller sends: unknown fields are refused, and so are halves of surrogate pairs, which are no text.
    Pydantic looks for them only where lengths are bounded, so they all are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=0)


class Reply(BaseModel):
    """What the service sends: no defaults, so a forgotten field is an error here and not at the caller."""

    model_config = ConfigDict(extra="forbid", frozen=True)
