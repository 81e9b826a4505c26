"""Aliases: names that point at a memory, where they pointed before, and what moved them."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from schemas.base import Reply, Request


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

    memory: str
    reason: str = Field(max_length=1000)
    force: bool = False


class AliasRemove(Request):
    reason: str = Field(default="", max_length=1000)


class AliasRollback(Request):
    """To the version before, or to `memory`. With `reset_ledger` the ledger holds that version's facts again."""

    reason: str = Field(max_length=1000)
    reset_ledger: bool = False
    memory: str | None = None


class AliasUnpin(Request):
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
