"""The audit chain: what was done, by whom, to which memory; written in the transaction that does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from service.settings import Settings
from service.storage import Database, Transaction


class Act(StrEnum):
    """What an entry is about."""

    UPLOAD = "upload"
    EDIT = "edit"
    DELETE = "delete"
    PURGE = "purge"
    TRAIN = "train"
    PUBLISH = "publish"
    SWITCH = "switch"
    ROLLBACK = "rollback"
    REVIEW = "review"
    KEY = "key"
    GRANT = "grant"
    POLICY = "policy"
    DENIED = "denied"
    RECALL = "recall"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry to be. `details` hold ids and figures, never a name or an answer; `texts` hold names and answers, of
    which only salted commitments are kept.
    """

    act: Act
    by: str
    dictionary: str | None = None
    memory: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Auditor:
    """Appends to the chain under a secret of its own."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings

    def record(self, tx: Transaction, event: Event) -> None:
        """Append an entry; it holds when `tx` commits."""
