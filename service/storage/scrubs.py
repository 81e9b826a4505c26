"""Scrubs: when each memory was looked at last, and what was found."""

from datetime import timedelta

from sqlalchemy import Connection, Select, and_, func, insert, select, update

from schemas.jobs import JobKind, JobState
from schemas.scrubs import ScrubState
from service.storage.stamps import now
from service.storage.tables import aliases, jobs, memories
from service.storage.tables.reviews import scrubs

_OPEN = (JobState.QUEUED, JobState.RUNNING)


def begin(tx: Connection, dictionary: int, memory: str) -> int:
    """Add a scrub that starts now, and return its number."""
    values = {"state": ScrubState.RUNNING, "started_at": now(), "asked": 0, "failing": 0}
    added = insert(scrubs).values(dictionary=dictionary, memory=memory, **values).returning(scrubs.c.number)
    return int(tx.execute(added).scalar_one())


def finish(tx: Connection, scrub: int, state: ScrubState, *, asked: int = 0, failing: int = 0) -> None:
    here = update(scrubs).where(scrubs.c.number == scrub)
    tx.execute(here.values(state=state, asked=asked, failing=failing, ended_at=now()))


def list_damaged(tx: Connection) -> list[str]:
    """The memories that an alias points at and whose last finished scrub found damage that was not healed."""
    return list(tx.scalars(_select_damaged().where(scrubs.c.memory.in_(select(aliases.c.memory)))))


def is_damaged(tx: Connection, memory: str) -> bool:
    """Whether the last finished scrub of this memory found damage that was not healed."""
    return tx.scalar(_select_damaged().where(scrubs.c.memory == memory)) is not None


def _select_damaged() -> Select[tuple[str]]:
    last = select(func.max(scrubs.c.number)).where(scrubs.c.state != ScrubState.RUNNING).group_by(scrubs.c.memory)
    return select(scrubs.c.memory).where(scrubs.c.number.in_(last), scrubs.c.state == ScrubState.DAMAGED)


def count_by_state(tx: Connection) -> dict[ScrubState, int]:
    counted = dict.fromkeys(ScrubState, 0)
    for state, count in tx.execute(select(scrubs.c.state, func.count()).group_by(scrubs.c.state)):
        counted[ScrubState(state)] = count
    return counted


def list_due(tx: Connection, every: timedelta) -> list[tuple[int, str]]:
    """The memories (with their dictionary) that an alias points at and whose lineage was begun and last scrubbed longer
    ago than `every`, and is not about to be. An edit makes a new version that stands on the same bytes, so the age of
    the version alone says nothing.
    """
    before = now() - every
    first = memories.alias()
    begun = and_(first.c.lineage == memories.c.lineage, first.c.seq == 0)
    recent = (
        select(memories.c.lineage).join(scrubs, scrubs.c.memory == memories.c.id).where(scrubs.c.started_at > before)
    )
    coming = select(memories.c.lineage).join(jobs, jobs.c.memory == memories.c.id)
    coming = coming.where(jobs.c.kind == JobKind.SCRUB, jobs.c.state.in_(_OPEN))
    query = select(memories.c.dictionary, memories.c.id).join(first, begun).where(first.c.created_at <= before)
    query = query.where(memories.c.id.in_(select(aliases.c.memory)))
    rows = tx.execute(query.where(memories.c.lineage.not_in(recent), memories.c.lineage.not_in(coming)))
    return [(dictionary, memory) for dictionary, memory in rows]
