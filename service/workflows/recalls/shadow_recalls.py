"""The listener that asks a challenger what the champion was asked, in a thread of its own.

It draws pairs from what was recalled through the champion, asks the challenger within the same relations as the caller
sees, and counts. What it cannot keep up with is dropped and counted; no recall ever waits for it.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from queue import Full, Queue
from threading import Lock, Thread
from typing import NamedTuple

import structlog

from schemas.recall import Status
from schemas.shadow import Disagreement, Said
from service.facts import trimmed
from service.memory.recall import Servable
from service.storage import Database, revisions, shadow
from service.storage.aliases import CHAMPION
from service.storage.changes import changes
from service.storage.memories import Record
from service.storage.shadow import Counts
from service.storage.stamps import now
from service.workflows.recalls.microbatch import Served
from service.workflows.recalls.observe import Seen
from service.workflows.recalls.queries import columns
from service.workflows.recalls.serving import Catalogue

log = structlog.get_logger()

MOST_AT_ONCE = 1_000  # pairs of one recall or batch: with more, its own threads would take cores from live recalls
MOST_WAITING = 64  # such groups


class Reply(NamedTuple):
    """What one memory said."""

    status: Status
    answers: Sequence[str]


class Asked(NamedTuple):
    """Some pairs of one recall or batch, with what the champion replied."""

    served: Served
    pairs: Sequence[tuple[str, str]]
    replies: Sequence[Reply]


class Comparison:
    """What was counted since the last flush, for one dictionary."""

    def __init__(self) -> None:
        self.by_relation: defaultdict[str, Counts] = defaultdict(Counts)
        self.dropped = 0
        self.disagreements: list[Disagreement] = []


class ShadowRecalls:
    """A listener of live recalls. `catalogue` finds and loads the challenger; `draw` decides what is asked of it."""

    def __init__(self, db: Database, catalogue: Catalogue, draw: random.Random | None = None) -> None:
        self._db = db
        self._catalogue = catalogue
        self._draw = draw or random.Random()  # noqa: S311 - a sample, not a secret
        self._watched: dict[str, shadow.Watched] = {}
        self._loaded: dict[str, tuple[Record, Servable]] = {}
        self._changes = -1
        self._waiting: Queue[Asked] = Queue(MOST_WAITING)
        self._compared: defaultdict[int, Comparison] = defaultdict(Comparison)
        self._lock = Lock()
        self._thread = Thread(target=self._work, name="shadow", daemon=True)

    def heard(self, seen: Sequence[Seen]) -> None:
        self._refresh()
        for each in seen:
            watched = self._watched.get(each.served.dictionary)
            if watched is not None and each.alias == CHAMPION:
                self._queue(watched, each)

    def flush(self) -> None:
        with self._lock:
            compared, self._compared = self._compared, defaultdict(Comparison)
        if compared:
            with self._db.writing() as tx:
                for number, each in compared.items():
                    shadow.add(tx, number, each.by_relation, each.dropped)
                    shadow.list_disagreements(tx, number, each.disagreements)

    def _refresh(self) -> None:
        """Read again what is watched, if anything changed."""
        seen = changes(self._db)
        if seen != self._changes:
            with self._db.reading() as tx:
                self._watched = {each.dictionary: each for each in shadow.watched(tx) if each.share > 0}
            self._changes = seen
            self._loaded = {name: loaded for name, loaded in self._loaded.items() if name in self._watched}
        if self._watched and not self._thread.is_alive():
            self._thread.start()

    def _queue(self, watched: shadow.Watched, seen: Seen) -> None:
        rows = zip(*seen.columns, strict=True)
        drawn = [row for row in rows if self._draw.random() < watched.share]
        kept = drawn[:MOST_AT_ONCE]
        dropped = len(drawn) - len(kept)
        try:
            if kept:
                pairs, replies = [row[:2] for row in kept], [Reply(*row[2:]) for row in kept]
                self._waiting.put_nowait(Asked(seen.served, pairs, replies))
        except Full:
            dropped = len(drawn)
        if dropped:
            with self._lock:
                self._compared[watched.number].dropped += dropped

    def _work(self) -> None:
        while True:
            asked = self._waiting.get()
            try:
                self.compare(asked)
            except Exception as error:  # noqa: BLE001 - its message may hold names
                log.warning("comparing with a challenger failed", error=type(error).__name__)

    def compare(self, asked: Asked) -> None:
        """Ask the challenger, and count."""
        watched = self._watched.get(asked.served.dictionary)
        challenger = self._challenger(watched) if watched else None
        if watched is None or challenger is None:
            return
        record, memory = challenger
        part = memory if asked.served.relations is None else memory.within(asked.served.relations)
        said = columns(part, record.id, *zip(*asked.pairs, strict=True))
        replies = list(map(Reply, said.statuses, said.answers))
        stale = self._stale(watched.number, record, asked)
        taught = {*asked.served.memory.relations, *part.relations}
        with self._lock:
            compared = self._compared[watched.number]
            for pair, mine, other in zip(asked.pairs, asked.replies, replies, strict=True):
                agreed = mine.status == other.status and sorted(mine.answers) == sorted(other.answers)
                counted = compared.by_relation[pair[1] if pair[1] in taught else shadow.UNTAUGHT]
                _count(counted, agreed=agreed, stale=_name(pair) in stale)
                if not agreed and len(compared.disagreements) < shadow.KEPT:
                    both = (_said(asked.served.id, mine), _said(record.id, other))
                    compared.disagreements.append(_disagreement(pair, both, stale=_name(pair) in stale))

    def _challenger(self, watched: shadow.Watched) -> tuple[Record, Servable] | None:
        """The memory that the alias points at, kept loaded as long as it does."""
        memory = self._catalogue.alias(watched.dictionary, watched.alias)
        loaded = self._loaded.get(watched.dictionary)
        if memory is None or (loaded is not None and loaded[0].id == memory):
            return loaded if memory else None
        record = self._catalogue.memory(memory)
        if record is None:
            return None
        self._loaded[watched.dictionary] = record, self._catalogue.load(record)
        return self._loaded[watched.dictionary]

    def _stale(self, dictionary: int, challenger: Record, asked: Asked) -> set[tuple[str, str]]:
        """The pairs whose facts differ between the ledger versions of the two memories."""
        versions = challenger.ledger_version, asked.served.ledger_version
        if versions[0] == versions[1]:
            return set()
        with self._db.reading() as tx:
            return revisions.moved(tx, dictionary, versions, set(map(_name, asked.pairs)))


def _name(pair: tuple[str, str]) -> tuple[str, str]:
    """The pair as the ledger spells it."""
    return trimmed(pair[0]), trimmed(pair[1])


def _count(counted: Counts, *, agreed: bool, stale: bool) -> None:
    counted.asked += 1
    counted.stale += stale
    counted.agreed += agreed and not stale
    counted.disagreed += not agreed and not stale


def _said(memory: str, reply: Reply) -> Said:
    return Said(memory=memory, status=reply.status, answers=list(reply.answers))


def _disagreement(pair: tuple[str, str], said: Iterable[Said], *, stale: bool) -> Disagreement:
    champion, challenger = said
    subject, relation = pair
    return Disagreement(
        at=now(), subject=subject, relation=relation, champion=champion, challenger=challenger, stale=stale
    )
