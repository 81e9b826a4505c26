"""Scrubs: a memory as it lies on the disk, held against its hashes and against the ledger."""

from enum import StrEnum

from schemas.base import Reply


class ScrubState(StrEnum):
    """`damaged` lasts until what was found is rebuilt (`healed`), or a later scrub rebuilds it. `outdated` is a memory
    that an earlier version of the service wrote: nothing of it was asked.
    """

    RUNNING = "running"
    SOUND = "sound"
    DAMAGED = "damaged"
    HEALED = "healed"
    OUTDATED = "outdated"


class ScrubResult(Reply):
    """Pairs asked of the stored bytes, those that failed, and what had to be rebuilt: the ids of memories whose folder
    was, or that were given one in place of a damaged patch.
    """

    memory: str
    state: ScrubState
    asked: int
    failing: int
    rebuilt: list[str]
