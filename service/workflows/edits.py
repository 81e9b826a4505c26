"""Edits: facts put and pairs taken away, in one commit with the version of the memory that holds them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.edits import EditAccepted, EditReply, EditResult, FactBatch
from service.storage import Transaction
from service.workflows.publish import Advance, EditContext

__all__ = ["Advance", "EditContext", "Edited", "apply"]


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did to the ledger. `upload` is its id (`edt_…`); `version` the ledger's newest."""

    upload: str
    version: int
    results: Sequence[EditResult]


Also = Callable[[Transaction, Edited], None]


def apply(
    service: EditContext,
    ref: str,
    batch: FactBatch,
    *,
    by: str,
    if_match: str | None = None,
    idempotency_key: str | None = None,
    reason: str = "edit",
    also: Also | None = None,
) -> EditReply | EditAccepted:
    """Commit the batch and serve it, or queue the training that it needs. `also` writes in the same commit.

    Raises Unprocessable, NotFound, PreconditionFailed, Conflict (idempotency_key_reused).
    """
    raise NotImplementedError
