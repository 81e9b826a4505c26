"""Shadow mode: a challenger is asked what the champion was asked, and the two replies are compared.

Callers choose the alias and read the counts. The listener draws pairs from what was recalled through the champion, asks
the challenger in a thread of its own, within the relations that the caller sees, and counts. What it cannot keep up
with is dropped and counted; no recall ever waits for it.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from queue import Full, Queue
from threading import Lock, Thread
from typing import NamedTuple

import structlog

from schemas.recall import Status
from schemas.shadow import Disagreement, DisagreementList, Said, Shadow, ShadowPut, ShadowRelation
from service.errors import NotFound, Unprocessable
from service.facts import trimmed
from service.memory.recall import Servable
from service.storage import Database, Transaction, aliases, memories, revisions, shadow
from service.storage.aliases import CHAMPION
from service.storage.changes import changes
from service.storage.dictionaries import get_dictionary
from service.storage.memories import Record
from service.storage.shadow import Counts
from service.storage.stamps import now
from service.workflows.audit import Act, Event
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.recalls.observe import LiveRecall
from service.workflows.recalls.queries import recall_columns
from service.workflows.recalls.serving import Catalogue
from service.workflows.versions.memories import check_movable
from service.workflows.versions.publish import EditContext


def put(service: EditContext, ref: str, wanted: ShadowPut, *, by: str) -> Shadow:
    """Compare this share of the champion's recalls with another alias, from the next second on."""
    check_movable(wanted.alias)
    if wanted.alias == CHAMPION:
        raise Unprocessable("the champion is not compared with itself")
    with service.db.writing() as tx:
        row = get_dictionary(tx, ref)
        shadow.put(tx, row.number, wanted.alias, wanted.share, by)
        service.auditor.record(tx, Event(Act.POLICY, by, row.id, None, {"shadow": wanted.alias, "share": wanted.share}))
    return find(service.db, ref)


def find(db: Database, ref: str) -> Shadow:
    with db.reading() as tx:
        number = get_dictionary(tx, ref).number
        watched = _get_watched(tx, number)
        by_relation = shadow.read_counts(tx, number)
        champion, challenger = (_record_at(tx, number, alias) for alias in (CHAMPION, watched.alias))
        behind = _behind(tx, number, champion, challenger)
    total = Counts()
    for counted in by_relation.values():
        total.add(counted)
    return Shadow(
        alias=watched.alias,
        share=watched.share,
        since=watched.since,
        by=watched.by,
        champion=champion.id if champion else None,
        challenger=challenger.id if challenger else None,
        behind=behind,
        dropped=watched.dropped,
        relations=[_relation(name, counted) for name, counted in by_relation.items()],
        **_figures(total),
    )


def stop(service: EditContext, ref: str, *, by: str) -> None:
    """Counts and disagreements go with it."""
    with service.db.writing() as tx:
        row = get_dictionary(tx, ref)
        if not shadow.remove(tx, row.number):
            raise NotFound("no recalls of this dictionary are compared")
        service.auditor.record(tx, Event(Act.POLICY, by, row.id, None, {"shadow": None, "share": 0}))


def list_disagreements(db: Database, ref: str) -> DisagreementList:
    with db.reading() as tx:
        number = get_dictionary(tx, ref).number
        _get_watched(tx, number)
        return DisagreementList(disagreements=shadow.list_disagreements(tx, number))


def _get_watched(tx: Transaction, dictionary: int) -> shadow.Watched:
    watched = shadow.find(tx, dictionary)
    if watched is None:
        raise NotFound("no recalls of this dictionary are compared")
    return watched


def _record_at(tx: Transaction, dictionary: int, alias: str) -> memories.Record | None:
    kept = aliases.find(tx, dictionary, alias)
    return memories.find_record(tx, kept.memory) if kept else None


def _behind(
    tx: Transaction, dictionary: int, champion: memories.Record | None, challenger: memories.Record | None
) -> int:
    if champion is None or challenger is None:
        return 0
    return len(revisions.find_moved(tx, dictionary, (challenger.ledger_version, champion.ledger_version)))


def _relation(name: str, counted: Counts) -> ShadowRelation:
    return ShadowRelation(relation=None if name == shadow.UNTAUGHT else name, **_figures(counted))


def _figures(counted: Counts) -> dict[str, int]:
    return {
        "asked": counted.asked,
        "agreed": counted.agreed,
        "disagreed": counted.disagreed,
        "stale": counted.stale,
    }


log = structlog.get_logger()

MOST_AT_ONCE = 1_000  # pairs of one recall or batch: with more, its own threads would take cores from live recalls
MOST_WAITING = 64  # such groups


class Reply(NamedTuple):
    """What one memory replied."""

    status: Status
    answers: Sequence[str]


class ShadowBatch(NamedTuple):
    """Some pairs of one recall or batch, with what the champion replied."""

    served: ServedMemory
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
        self._waiting: Queue[ShadowBatch] = Queue(MOST_WAITING)
        self._compared: defaultdict[int, Comparison] = defaultdict(Comparison)
        self._lock = Lock()
        self._thread = Thread(target=self._work, name="shadow", daemon=True)

    def on_recalls(self, seen: Sequence[LiveRecall]) -> None:
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
                    shadow.keep_disagreements(tx, number, each.disagreements)

    def _refresh(self) -> None:
        """Read again what is watched, if anything changed."""
        seen = changes(self._db)
        if seen != self._changes:
            with self._db.reading() as tx:
                self._watched = {each.dictionary: each for each in shadow.list_watched(tx) if each.share > 0}
            self._changes = seen
            self._loaded = {name: loaded for name, loaded in self._loaded.items() if name in self._watched}
        if self._watched and not self._thread.is_alive():
            self._thread.start()

    def _queue(self, watched: shadow.Watched, seen: LiveRecall) -> None:
        rows = zip(*seen.columns, strict=True)
        drawn = [row for row in rows if self._draw.random() < watched.share]
        kept = drawn[:MOST_AT_ONCE]
        dropped = len(drawn) - len(kept)
        try:
            if kept:
                pairs, replies = [row[:2] for row in kept], [Reply(*row[2:]) for row in kept]
                self._waiting.put_nowait(ShadowBatch(seen.served, pairs, replies))
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

    def compare(self, asked: ShadowBatch) -> None:
        """Ask the challenger the batch's pairs, and count where the two agree."""
        watched = self._watched.get(asked.served.dictionary)
        challenger = self._challenger(watched) if watched else None
        if watched is None or challenger is None:
            return
        record, memory = challenger
        part = memory if asked.served.relations is None else memory.within(asked.served.relations)
        recalled = recall_columns(part, record.id, *zip(*asked.pairs, strict=True))
        replies = list(map(Reply, recalled.statuses, recalled.answers))
        stale = self._stale(watched.number, record, asked)
        taught = {*asked.served.memory.relations, *part.relations}
        with self._lock:
            compared = self._compared[watched.number]
            for pair, mine, other in zip(asked.pairs, asked.replies, replies, strict=True):
                agreed = mine.status == other.status and sorted(mine.answers) == sorted(other.answers)
                relation = trimmed(pair[1])
                counted = compared.by_relation[relation if relation in taught else shadow.UNTAUGHT]
                _count(counted, agreed=agreed, stale=_name(pair) in stale)
                if not agreed and len(compared.disagreements) < shadow.KEPT:
                    both = (_to_said(asked.served.id, mine), _to_said(record.id, other))
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

    def _stale(self, dictionary: int, challenger: Record, asked: ShadowBatch) -> set[tuple[str, str]]:
        """The pairs whose facts differ between the ledger versions of the two memories."""
        versions = challenger.ledger_version, asked.served.ledger_version
        if versions[0] == versions[1]:
            return set()
        with self._db.reading() as tx:
            return revisions.find_moved(tx, dictionary, versions, set(map(_name, asked.pairs)))


def _name(pair: tuple[str, str]) -> tuple[str, str]:
    """The pair as the ledger spells it."""
    return trimmed(pair[0]), trimmed(pair[1])


def _count(counted: Counts, *, agreed: bool, stale: bool) -> None:
    counted.asked += 1
    counted.stale += stale
    counted.agreed += agreed and not stale
    counted.disagreed += not agreed and not stale


def _to_said(memory: str, reply: Reply) -> Said:
    return Said(memory=memory, status=reply.status, answers=list(reply.answers))


def _disagreement(pair: tuple[str, str], replies: Iterable[Said], *, stale: bool) -> Disagreement:
    champion, challenger = replies
    subject, relation = pair
    return Disagreement(
        at=now(), subject=subject, relation=relation, champion=champion, challenger=challenger, stale=stale
    )
