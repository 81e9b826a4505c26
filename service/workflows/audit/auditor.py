"""The audit chain: what was done, by whom, to which memory; written in the transaction that does it."""

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from schemas.audit import AuditHead
from service.errors import Unavailable
from service.facts import Pair
from service.secret_files import SIZE, flush_folder, write
from service.settings import Settings
from service.storage import Database, Transaction, audit
from service.storage.audit import Entry, Salts
from service.storage.bulk import in_batches
from service.storage.stamps import now
from service.workflows.audit.chain import GENESIS, Chain
from service.workflows.audit.commitments import DROPPED, KEPT, Committed, Committer, name_tokens, pair_tokens

SERVICE = "service"  # the author of what no caller asked for


class Act(StrEnum):
    """The kinds of action that entries record."""

    UPLOAD = "upload"
    EDIT = "edit"
    DELETE = "delete"
    PURGE = "purge"
    TRAIN = "train"
    EXPERIMENT = "experiment"
    CANCEL = "cancel"
    PUBLISH = "publish"
    SWITCH = "switch"
    ROLLBACK = "rollback"
    SCRUB = "scrub"
    REVIEW = "review"
    KEY = "key"
    GRANT = "grant"
    POLICY = "policy"
    NAMES = "names"
    DICTIONARY = "dictionary"
    DENIED = "denied"
    RECALL = "recall"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry to be. `details` hold ids and figures, never a name or an answer; `texts` hold names and answers, of
    which only salted commitments are kept: `subject` and `relation` side by side, and what belongs to each pair.
    """

    act: Act
    by: str
    dictionary: str | None = None
    memory: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Prepared(NamedTuple):
    """An event with its commitments, which take a while to make for many rows."""

    event: Event
    committed: Committed


class Auditor:
    """Appends entries to the chain under the audit secret."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.chain = Chain(open_secret(db, settings.secrets))
        self.committer = Committer(self.chain.key("tags"))

    def record(self, tx: Transaction, event: Event) -> None:
        """Append an entry; it holds when `tx` commits. It holds up every other writer from here to the commit, so it
        is the last thing that a transaction does.
        """
        self.record_all(tx, [event])

    def record_all(self, tx: Transaction, events: Sequence[Event]) -> None:
        self.append(tx, [self.prepare(event) for event in events])

    def prepare(self, event: Event) -> Prepared:
        return Prepared(event, self.committer.commit(event.texts))

    def append(self, tx: Transaction, events: Sequence[Prepared]) -> None:
        """Append entries whose commitments were made before the transaction began."""
        if not events:
            return
        number, mac = self._end(tx)
        entries, salts = [], []
        for event, committed in events:
            number += 1
            entries.append(self._entry(number, mac, event, committed))
            mac = entries[-1].mac
            if committed.salts:
                salts.append(self.chain.salts(number, committed.salts))
        audit.append(tx, entries, salts, self.chain.head(number, mac))

    def head(self, tx: Transaction) -> AuditHead:
        """The chain's head, to be kept out of reach of those who can write the database."""
        number, mac = self._end(tx, locked=False)
        at = now().isoformat()
        return AuditHead(entries=number, head=mac.hex(), at=at, mac=self.chain.export(number, mac.hex(), at))

    def drop_salts(self, tx: Transaction, dictionary: str, pairs: Collection[Pair]) -> int:
        """Make the entries of a dictionary (its id) silent about these pairs, in every spelling: whether one of them
        was meant can no longer be tried. The chain holds. Returns how many rows were silenced.
        """
        subjects, relations = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        tokens = {*pair_tokens(subjects, relations), *name_tokens(subjects)}
        return self._drop(tx, dictionary, lambda entry, kept: self.committer.rows(entry, kept, tokens))

    def drop_all_salts(self, tx: Transaction, dictionary: str) -> int:
        """Do the same for everything that the entries of a dictionary commit to."""
        return self._drop(tx, dictionary, lambda _, kept: range(len(kept) // KEPT))

    def _drop(self, tx: Transaction, dictionary: str, rows_of: Callable[[Entry, bytes], Sequence[int]]) -> int:
        dropped = 0
        for page in in_batches(audit.walk(tx, None, audit.EntryFilter(dictionary=dictionary)), audit.PAGE):
            silenced = [(kept, rows) for entry, kept in page if kept and (rows := rows_of(entry, kept.salts))]
            audit.overwrite_salts(tx, [self._without(kept, rows) for kept, rows in silenced])
            dropped += sum(len(rows) for _, rows in silenced)
        return dropped

    def _without(self, kept: Salts, rows: Sequence[int]) -> Salts:
        salts = bytearray(kept.salts)
        for row in rows:
            salts[row * KEPT : (row + 1) * KEPT] = DROPPED
        return self.chain.salts(kept.entry, bytes(salts))

    def _end(self, tx: Transaction, *, locked: bool = True) -> tuple[int, bytes]:
        """The number and MAC of the last entry. Without its head a chain goes on, and verification says so."""
        head = audit.read_head(tx, locked=locked)
        if head is not None:
            return head.entries, head.mac
        entry = audit.read_last(tx)
        return (0, GENESIS) if entry is None else (entry.number, entry.mac)

    def _entry(self, number: int, previous: bytes, event: Event, committed: Committed) -> Entry:
        details = json.dumps(event.details, sort_keys=True, ensure_ascii=False, default=str)
        about = (str(event.act), event.by, event.dictionary, event.memory, details)
        entry = Entry(number, microseconds(now()), *about, committed.columns, committed.commitments, previous, b"")
        return entry._replace(mac=self.chain.mac(entry))


def microseconds(at: datetime) -> int:
    """The time in microseconds since the epoch; `at` has a zone."""
    return round(at.timestamp() * 1_000_000)


NAME = "audit"
DRAFT = ".audit"  # a secret whose chain may not be committed yet


def open_secret(db: Database, folder: Path) -> bytes:
    """The audit secret: 32 random bytes, derived from nothing. Where there is neither secret nor chain, both are made,
    so that a chain that is gone later is missed. Raises Unavailable where a chain has lost its secret.
    """
    if not (folder / NAME).exists():
        _begin(db, folder)
    secret = (folder / NAME).read_bytes()
    if len(secret) != SIZE:
        raise Unavailable("the audit secret is damaged: bring secrets/audit back from the backup")
    return secret


def _begin(db: Database, folder: Path) -> None:
    """Make the secret and the chain. The secret gets its name once the chain is committed; where a process was killed
    in between, that is finished here.
    """
    draft = folder / DRAFT
    with db.writing() as tx:
        if audit.read_head(tx) is None and not (folder / NAME).exists():
            write(draft, os.O_TRUNC)
            audit.begin(tx, Chain(draft.read_bytes()).head(0, GENESIS))
        elif not draft.exists() and not (folder / NAME).exists():
            raise Unavailable("the audit chain has lost its secret: bring secrets/audit back from the backup")
    if draft.exists():
        draft.rename(folder / NAME)
        flush_folder(folder)
