"""Aliases: names that point at a memory, where they pointed before, and what moved them."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from schemas.base import Flag, Reply, Request, document


class AliasAction(StrEnum):
    """What moved an alias."""

    SWITCH = "switch"
    EDIT = "edit"
    TRAIN = "train"
    ROLLBACK = "rollback"
    AUTOMATIC_ROLLBACK = "automatic rollback"
    UNPIN = "unpin"
    FOLLOW = "follow"
    DELETE = "delete"


class AliasPut(Request):
    """`force`: though the memory lacks changes that the alias answers with already, and deleted facts may come back."""

    model_config = document(
        {"memory": "mem_2f6c0a8d41b7e935", "reason": "as good, and smaller"},
        {"memory": "mem_2f6c0a8d41b7e935", "reason": "back to the first", "force": True},
    )

    memory: str
    reason: str = Field(max_length=1000)
    force: Flag = False


class AliasRemove(Request):
    model_config = document({"reason": "no longer used"})

    reason: str = Field(default="", max_length=1000)


class AliasRollback(Request):
    """To the version before, or to `memory`. With `reset_ledger` the ledger holds that version's facts again."""

    model_config = document(
        {"reason": "wrong prices"}, {"reason": "wrong prices", "memory": "mem_2f6c0a8d41b7e935", "reset_ledger": False}
    )

    reason: str = Field(max_length=1000)
    reset_ledger: Flag = False
    memory: str | None = None


class AliasUnpin(Request):
    model_config = document({"reason": "prices corrected"})

    reason: str = Field(max_length=1000)


class Alias(Reply):
    """`pinned`: edits of the ledger do not move it."""

    alias: str
    memory: str
    version: int
    switched_at: datetime
    pinned: bool


class AliasEvent(Reply):
    alias: str
    memory: str
    previous: str | None
    version: int
    at: datetime
    by: str
    reason: str
    action: AliasAction


class AliasHistory(Reply):
    """Newest first; `cursor` asks for the next page."""

    events: list[AliasEvent]
    cursor: str | None


class AliasList(Reply):
    aliases: list[Alias]
