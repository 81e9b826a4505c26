"""Retention: which versions of a dictionary's memories can still be recalled, and what is kept on the disk for them.

Kept are the newest versions, every version an alias points at or an open job works on, and the newest of each lineage
that such a version belongs to, where edits go on. A version given up keeps its row: which memory answered on a day
stays known.
"""

import shutil
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from schemas.jobs import JobKind
from service.settings import Settings
from service.storage import Database, Transaction, dictionaries, idempotency, jobs, memories, patches, trials
from service.storage.patches import Version

MOST_PATCHES = 1_000  # a lineage gets a folder when its newest version stands on more than these
FEW_BYTES = 4 * 2**20  # or when its patches are larger than the memory itself, and than this
BY = "service"


@dataclass(frozen=True, slots=True)
class Decision:
    """Numbers of memories: those that can no longer be recalled, and those whose folders and patches are no longer
    needed.
    """

    given_up: set[int] = field(default_factory=set)
    folders: set[int] = field(default_factory=set)
    steps: set[int] = field(default_factory=set)

    @property
    def changes(self) -> bool:
        return bool(self.given_up or self.folders or self.steps)


def retain(db: Database, settings: Settings) -> None:
    """For every dictionary: order the folders that are due, give up old versions, delete what is not needed. And let go
    of the replies that were kept for retries, and of old trials.
    """
    with db.reading() as tx:
        owners, old = dictionaries.list_ids(tx), idempotency.has_old(tx) or trials.has_old(tx)
    if old:
        with db.writing() as tx:
            idempotency.forget_old(tx)
            trials.forget_old(tx)
    for dictionary in owners:
        _order_folder(db, dictionary)
        prune(db, settings, dictionary)


def prune(db: Database, settings: Settings, dictionary: str) -> None:
    """Folders go after the commit that forgets them; one that a kill leaves behind is swept at the next start."""
    with db.reading() as tx:
        row = dictionaries.find(tx, dictionary)
        if row is None or not _decided(tx, row.number, settings)[1].changes:
            return
    with db.writing() as tx:
        if dictionaries.lock(tx, row.number) is None:
            return
        versions, decision = _decided(tx, row.number, settings)
        patches.give_up(tx, decision.given_up)
        patches.drop(tx, folders=decision.folders, steps=decision.steps)
    for version in versions:
        if version.number in decision.folders:
            shutil.rmtree(settings.memories / version.id, ignore_errors=True)


def decide(versions: Sequence[Version], wanted: Collection[str], most: int) -> Decision:
    """`versions` from the oldest to the newest; `wanted` are ids that stay; `most` newest ones stay besides."""
    kept = {version.number for version in [v for v in versions if v.retained][-most:] if most}
    lineages = {version.lineage for version in versions if version.id in wanted}
    tips = {version.lineage: version.number for version in versions}
    kept |= {tips[lineage] for lineage in lineages}
    kept |= {version.number for version in versions if version.id in wanted and version.retained}
    needed = _needed(versions, kept)
    return Decision(
        given_up={version.number for version in versions if version.retained} - kept,
        folders={version.number for version in versions if version.complete} - needed,
        steps={version.number for version in versions if version.patched} - needed,
    )


def _needed(versions: Sequence[Version], kept: Collection[int]) -> set[int]:
    """The versions whose folder or patch a kept one is made of: back from it to the nearest folder."""
    lineages: defaultdict[str, list[Version]] = defaultdict(list)
    for version in versions:
        lineages[version.lineage].append(version)
    needed: set[int] = set()
    for lineage in lineages.values():
        wanting = False
        for version in reversed(lineage):
            wanting = wanting or version.number in kept
            if wanting:
                needed.add(version.number)
            wanting = wanting and not version.complete
    return needed


def _decided(tx: Transaction, dictionary: int, settings: Settings) -> tuple[list[Version], Decision]:
    versions = patches.list_stored(tx, dictionary)
    return versions, decide(versions, patches.list_wanted(tx, dictionary), settings.keep_memories)


def _order_folder(db: Database, dictionary: str) -> None:
    """Queue a folder for the champion's lineage where it has grown too far beyond its last one."""
    with db.reading() as tx:
        tip = _outgrown_tip(tx, dictionary)
    if tip is None:
        return
    with db.writing() as tx:
        row = dictionaries.find(tx, dictionary)
        if row is not None and not jobs.is_open(tx, row.number, JobKind.CONSOLIDATE):
            jobs.add(tx, jobs.Order(JobKind.CONSOLIDATE, row.number, {}, BY, tip))


def _outgrown_tip(tx: Transaction, dictionary: str) -> str | None:
    champion = memories.find_champion(tx, dictionary)
    if champion is None:
        return None
    tip = memories.get_tip(tx, champion.id)
    grown = patches.measure_growth(tx, tip)
    due = grown.patches > MOST_PATCHES or grown.patch_bytes > max(grown.memory_bytes, FEW_BYTES)
    return tip.id if due and tip.retained else None
