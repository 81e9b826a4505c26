"""Live use: recalls addressed to an alias, counted by relation and status, and the unknowns most asked if their names
may be kept. Gathered in the observer's thread and written in batches.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from schemas.live_use import RelationUse, Unknown, Unknowns, Use
from schemas.recall import Status
from service.facts import Pair, trimmed
from service.settings import Settings
from service.storage import Database, aliases, dictionaries, live_use, memories
from service.storage.aliases import CHAMPION
from service.storage.dictionaries import get_dictionary
from service.storage.live_use import Slot
from service.workflows.purged_names import drop_purged
from service.workflows.recalls.observe import LiveRecall

MOST_UNKNOWNS = 1_000  # of one dictionary
MOST_CHARACTERS = 1_000  # of a name that is kept; a longer one is no name


class LiveUse:
    """A listener of the observer."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self._names = settings.keep_unknowns
        self._counts: defaultdict[str, Counter[Slot]] = defaultdict(Counter)
        self._unknowns: dict[str, dict[Pair, int]] = {}
        self._uncounted: Counter[str] = Counter()

    def on_recalls(self, seen: Sequence[LiveRecall]) -> None:
        """Count queries about one pair, by the relation's taught name; other spellings are counted under no name."""
        for each in seen:
            if each.alias is None:
                continue
            taught, day = frozenset(each.served.memory.relations), datetime.fromtimestamp(each.at, UTC).date()
            counts = self._counts[each.served.dictionary]
            for (spelled, status), count in each.count_by_relation().items():
                relation = trimmed(spelled)
                counts[Slot(day.isoformat(), relation if relation in taught else None, status.value)] += count
            if self._names:
                self._count_unknowns(each)

    def flush(self) -> None:
        """Write the counts in one short transaction; what cannot be written is kept for the next time."""
        if not self._counts:
            return
        with self._db.writing() as tx:
            for dictionary, counts in self._counts.items():
                row = dictionaries.find(tx, dictionary)
                if row is not None:
                    live_use.add(tx, row.number, counts)
                    if dictionary in self._unknowns:
                        kept, uncounted = live_use.read_unknowns(tx, row.number)
                        kept, cut = merge_heavy_hitters(kept, self._unknowns[dictionary], MOST_UNKNOWNS)
                        lacking = uncounted + cut + self._uncounted[dictionary]
                        live_use.replace_unknowns(tx, row.number, drop_purged(tx, self._settings, row, kept), lacking)
        self._counts.clear()
        self._unknowns.clear()
        self._uncounted.clear()

    def _count_unknowns(self, seen: LiveRecall) -> None:
        columns, dictionary = seen.columns, seen.served.dictionary
        unknown = [
            (trimmed(subject), trimmed(relation))
            for subject, relation, status in zip(columns.subjects, columns.relations, columns.statuses, strict=True)
            if status is Status.UNKNOWN and len(subject) + len(relation) <= MOST_CHARACTERS
        ]
        asked = Counter(seen.served.stored(unknown))
        if asked:
            kept, cut = merge_heavy_hitters(self._unknowns.get(dictionary, {}), asked, MOST_UNKNOWNS)
            self._unknowns[dictionary] = kept
            self._uncounted[dictionary] += cut


def get_use(db: Database, ref: str, since: str | None) -> Use:
    """What was asked and answered from a day (ISO 8601) on, beside how much of the champion's table is filled."""
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        counted = live_use.count_by_relation(tx, row.number, since)
        champion = aliases.find(tx, row.number, CHAMPION)
        taught = memories.find_record(tx, champion.memory) if champion else None
        filled = live_use.measure_table(tx, row.number, taught.ledger_version if taught else 0)
    names = sorted({*filled.by_relation, *(name for name, _ in counted if name is not None)})
    relations = [_relation(name, counted, filled.by_relation.get(name or "", 0)) for name in (*names, None)]
    totals = {status: sum(getattr(each, status) for each in relations) for status in Status}
    asked, pairs = sum(totals.values()), sum(filled.by_relation.values())
    cells = filled.subjects * len(filled.by_relation)
    return Use(
        since=since,
        asked=asked,
        answered=totals[Status.ANSWERED],
        unknown=totals[Status.UNKNOWN],
        ambiguous=totals[Status.AMBIGUOUS],
        coverage=totals[Status.ANSWERED] / asked if asked else None,
        table_subjects=filled.subjects,
        table_relations=len(filled.by_relation),
        table_pairs=pairs,
        table_cells=cells,
        table_coverage=pairs / cells if cells else None,
        relations=[each for each in relations if each.relation is not None or each.asked],
    )


def list_unknowns(db: Database, settings: Settings, ref: str, limit: int) -> Unknowns:
    """The unknown pairs asked most often, the most frequent first; none while the setting is off."""
    with db.reading() as tx:
        kept, uncounted = live_use.read_unknowns(tx, get_dictionary(tx, ref).number)
    if not settings.keep_unknowns:
        return Unknowns(kept=False, uncounted=0, unknowns=[])
    ranked = sorted(kept.items(), key=lambda item: (-item[1], item[0]))[:limit]
    listed = [Unknown(subject=subject, relation=relation, asked=count) for (subject, relation), count in ranked]
    return Unknowns(kept=True, uncounted=uncounted, unknowns=listed)


def forget_names_unless_kept(db: Database, settings: Settings) -> None:
    """Delete kept names once the setting no longer allows them."""
    if not settings.keep_unknowns:
        with db.writing() as tx:
            live_use.forget_names(tx)


def _relation(name: str | None, counted: Mapping[tuple[str | None, str], int], subjects: int) -> RelationUse:
    answered, unknown, ambiguous = (counted.get((name, status.value), 0) for status in Status)
    return RelationUse(
        relation=name,
        asked=answered + unknown + ambiguous,
        answered=answered,
        unknown=unknown,
        ambiguous=ambiguous,
        subjects=subjects,
    )


K = TypeVar("K", bound=Hashable)


def merge_heavy_hitters(one: Mapping[K, int], other: Mapping[K, int], most: int) -> tuple[dict[K, int], int]:
    """Both counts together, of at most `most` keys, and how much was taken off every count to get there: Misra and
    Gries's summary (Science of Computer Programming 2, 1982), merged as Agarwal et al. show (*Mergeable Summaries*, ACM
    TODS 38, 2013). No count is
    too high; over any history of merges, none lacks more than the sum of what was taken off, which is at most the
    number of all things counted over `most` + 1.
    """
    total = dict(one)
    for key, count in other.items():
        total[key] = total.get(key, 0) + count
    if len(total) <= most:
        return total, 0
    cut = sorted(total.values(), reverse=True)[most]
    return {key: count - cut for key, count in total.items() if count > cut}, cut
