"""What the versions of a lineage are made of: folders here and there, and the patches between."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from schemas.jobs import JobState
from service.storage.changes import announce
from service.storage.memories import Record
from service.storage.tables import aliases, jobs, memories, patches

_OPEN = (JobState.QUEUED, JobState.RUNNING)


class Version(NamedTuple):
    """One version of a dictionary's memories, as far as its storage is concerned."""

    number: int
    id: str
    lineage: str
    seq: int
    complete: bool
    retained: bool
    patched: bool


class Growth(NamedTuple):
    """How many patches a lineage's newest version stands on, their bytes, and the bytes of the memory itself."""

    patches: int
    patch_bytes: int
    memory_bytes: int


def add(tx: Connection, memory: int, patch: bytes) -> None:
    tx.execute(insert(patches).values(memory=memory, bytes=len(patch), patch=patch))


def read_between(tx: Connection, lineage: str, after: int, upto: int) -> list[bytes]:
    """The patches that lead from version `after` to version `upto`, in their order."""
    steps = select(patches.c.patch).join(memories, memories.c.number == patches.c.memory)
    steps = steps.where(memories.c.lineage == lineage, memories.c.seq > after, memories.c.seq <= upto)
    return list(tx.scalars(steps.order_by(memories.c.seq)))


def find_base(tx: Connection, version: Record) -> tuple[str, int]:
    """The version (id, seq) with a folder from which this one is reached by the fewest patches."""
    folders = select(memories.c.id, memories.c.seq).where(memories.c.lineage == version.lineage, memories.c.complete)
    nearest = folders.where(memories.c.seq <= version.seq).order_by(memories.c.seq.desc()).limit(1)
    row = tx.execute(nearest).one()
    return row.id, row.seq


def mark_complete(tx: Connection, memory: str) -> None:
    """Note that the version has its own folder from now on."""
    tx.execute(update(memories).where(memories.c.id == memory).values(complete=True))


def measure_growth(tx: Connection, tip: Record) -> Growth:
    """How far a lineage, whose newest version is `tip`, has grown beyond its last folder."""
    _, folder = find_base(tx, tip)
    beyond = select(func.count(), func.coalesce(func.sum(patches.c.bytes), 0))
    beyond = beyond.join_from(patches, memories, memories.c.number == patches.c.memory)
    count, size = tx.execute(beyond.where(memories.c.lineage == tip.lineage, memories.c.seq > folder)).one()
    whole = tx.scalar(select(memories.c.bytes_total).where(memories.c.id == tip.id))
    return Growth(count, size, whole or 0)


def list_stored(tx: Connection, dictionary: int) -> list[Version]:
    """The versions of a dictionary that have a folder, a patch or are retained; oldest first."""
    held = or_(memories.c.retained, memories.c.complete, patches.c.memory.is_not(None))
    names = (memories.c.number, memories.c.id, memories.c.lineage, memories.c.seq)
    query = select(*names, memories.c.complete, memories.c.retained, patches.c.memory.is_not(None))
    query = query.select_from(memories.outerjoin(patches, patches.c.memory == memories.c.number))
    rows = tx.execute(query.where(memories.c.dictionary == dictionary, held).order_by(memories.c.number))
    return [Version(*row) for row in rows]


def list_wanted(tx: Connection, dictionary: int) -> set[str]:
    """The versions that must stay whatever their age: those an alias points at or an open job works on."""
    pointed = tx.scalars(select(aliases.c.memory).where(aliases.c.dictionary == dictionary))
    worked = select(jobs.c.memory).where(jobs.c.dictionary == dictionary, jobs.c.state.in_(_OPEN))
    return {memory for memory in (*pointed, *tx.scalars(worked)) if memory is not None}


def give_up(tx: Connection, versions: Collection[int]) -> None:
    """Mark these versions as no longer recallable; their rows stay."""
    for some in _parts(versions):
        tx.execute(update(memories).where(memories.c.number.in_(some)).values(retained=False))
    if versions:
        announce(tx)


def drop(tx: Connection, *, folders: Collection[int], steps: Collection[int]) -> None:
    """Forget the folders of some versions and delete the patches of some: no retained version needs them."""
    for some in _parts(folders):
        tx.execute(update(memories).where(memories.c.number.in_(some)).values(complete=False))
    for some in _parts(steps):
        tx.execute(delete(patches).where(patches.c.memory.in_(some)))


def _parts(numbers: Collection[int], size: int = 500) -> list[list[int]]:
    ordered = sorted(numbers)
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
