"""The queue: the jobs table itself. A worker holds a job by a lease that it renews; one that runs out frees the job.

Every write of a worker is fenced by (worker, attempt): one that lost its lease can change nothing any more.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, false, func, insert, or_, select, update

from schemas.experiments import ExperimentJob
from schemas.jobs import Job, JobKind, JobState
from schemas.problems import Problem
from service.errors import Cancelled
from service.storage.database import newest, ring
from service.storage.stamps import new_id, now
from service.storage.tables import dictionaries, heartbeats, jobs, memories
from service.storage.tables.base import Utc

_OPEN = (JobState.QUEUED, JobState.RUNNING)
BESIDE = (JobKind.REPORT, JobKind.EXPERIMENT)
"""Kinds that run beside the other jobs, one job of each at a time: they take minutes in a process of their own, and a
report waits for trainings that it orders itself.
"""


@dataclass(frozen=True, slots=True)
class Order:
    """A job to be queued. `params` carries ids and settings only, never names or answers."""

    kind: JobKind
    dictionary: int
    params: dict[str, Any]
    by: str
    memory: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A job held by a worker: its `attempt` is the fence. restarts: how often a purge has ended an earlier one."""

    id: str
    kind: JobKind
    dictionary: str
    memory: str | None
    params: dict[str, Any]
    by: str
    attempt: int
    worker: str
    restarts: int = 0

    @property
    def tries(self) -> int:
        """The attempts up to this one that ended by a fault, or may."""
        return self.attempt - self.restarts

    @property
    def maker(self) -> str:
        """The mark of what this attempt makes for itself."""
        return mark(self.id, self.attempt)


def mark(job: str, attempt: int) -> str:
    """The mark of what an attempt makes for itself. It begins with the job's id, as those of no other job do."""
    return f"{job}.{attempt}."


def is_made_by(column: ColumnElement[str | None], makers: Collection[str]) -> ColumnElement[bool]:
    """Whether the mark in a column is one of these, or that of any attempt of these jobs."""
    return or_(false(), *(column.startswith(maker, autoescape=True) for maker in sorted(makers)))


def filter_ended(tx: Connection, makers: Collection[str]) -> list[str]:
    """Those of these marks whose attempts are not under way any more."""
    query = select(jobs.c.id, jobs.c.attempts).where(jobs.c.state == JobState.RUNNING, jobs.c.lease_until > now())
    running = {mark(job, attempt) for job, attempt in tx.execute(query)} if makers else set()
    return sorted(set(makers) - running)


class Signs(NamedTuple):
    """The last sign that a worker looks for jobs, and since when the oldest of the queued ones has waited."""

    heard: datetime | None
    queued: datetime | None


class LeaseLost(Exception):
    """Another worker holds the job now, or it was removed: what this worker did must not count."""


def add(tx: Connection, order: Order) -> Job:
    """Queue a job; the worker is woken when `tx` commits."""
    values = {"id": new_id("job"), "state": JobState.QUEUED, "created_at": now(), "progress": 0.0, "step": "queued"}
    ordered = {"kind": order.kind, "dictionary": order.dictionary, "memory": order.memory, "params": order.params}
    rest = {"by": order.by, "attempts": 0, "cancel_requested": False}
    ring(tx)
    return _to_schema(tx.execute(insert(jobs).values(**values, **ordered, **rest).returning(jobs)).one())


def find(tx: Connection, job_id: str) -> Job | None:
    row = tx.execute(select(jobs).where(jobs.c.id == job_id)).first()
    return None if row is None else _to_schema(row)


def find_open(tx: Connection, kind: JobKind, memory: str) -> str | None:
    """A job of this kind about this memory that is queued or running."""
    about = (jobs.c.kind == kind, jobs.c.memory == memory, jobs.c.state.in_((JobState.QUEUED, JobState.RUNNING)))
    return tx.scalars(select(jobs.c.id).where(*about).limit(1)).first()


def list_ids(tx: Connection, dictionary: int) -> list[str]:
    return list(tx.scalars(select(jobs.c.id).where(jobs.c.dictionary == dictionary)))


def list_page(tx: Connection, dictionary: int, before: int | None, limit: int) -> list[tuple[int, Job]]:
    """The jobs of a dictionary with their numbers, newest first, from the number below `before` on."""
    query = select(jobs).where(jobs.c.dictionary == dictionary)
    return [(row.number, _to_schema(row)) for row in tx.execute(newest(query, jobs.c.number, before, limit))]


def list_experiments(
    tx: Connection, dictionary: int, before: int | None, limit: int
) -> list[tuple[int, ExperimentJob]]:
    """The experiments among them, without their documents."""
    shown = (jobs.c.id, jobs.c.state, jobs.c.progress, jobs.c.created_at, jobs.c.started_at, jobs.c.ended_at)
    mine = (jobs.c.dictionary == dictionary, jobs.c.kind == JobKind.EXPERIMENT)
    query = newest(select(*shown, jobs.c.number, jobs.c.params).where(*mine), jobs.c.number, before, limit)
    return [
        (
            row["number"],
            ExperimentJob(
                **{column.name: row[column] for column in shown},
                kind=row["params"]["request"]["kind"],
                seconds=row["params"]["request"]["seconds"],
            ),
        )
        for row in tx.execute(query).mappings()
    ]


def find_owner(tx: Connection, job_id: str) -> tuple[str, JobKind] | None:
    """The dictionary (id) and kind of a job."""
    owned = select(dictionaries.c.id, jobs.c.kind).join(jobs, jobs.c.dictionary == dictionaries.c.number)
    row = tx.execute(owned.where(jobs.c.id == job_id)).first()
    return None if row is None else (row[0], JobKind(row[1]))


def count_by_state(tx: Connection) -> dict[JobState, int]:
    counted = dict.fromkeys(JobState, 0)
    for state, count in tx.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)):
        counted[JobState(state)] = count
    return counted


def beat(tx: Connection, worker: str) -> None:
    """Note that this worker looks for jobs."""
    here = heartbeats.c.worker == worker
    if tx.execute(update(heartbeats).where(here).values(at=now())).rowcount == 0:
        tx.execute(insert(heartbeats).values(worker=worker, at=now()))


def read_signs(tx: Connection) -> Signs:
    """A worker that is at a job looks for no other, and renews its lease."""
    at_work = (jobs.c.state == JobState.RUNNING, jobs.c.lease_until > now(), jobs.c.kind.not_in(BESIDE))
    if tx.scalar(select(jobs.c.number).where(*at_work).limit(1)) is not None:
        heard: datetime | None = now()
    else:
        heard = tx.scalar(select(func.max(heartbeats.c.at, type_=Utc())))
    oldest = select(func.min(jobs.c.created_at, type_=Utc())).where(jobs.c.state == JobState.QUEUED)
    return Signs(heard, tx.scalar(oldest))


def find_queued_training(tx: Connection, dictionary: int, alias: str) -> Job | None:
    """A training for this alias that has not begun, so that it will read everything committed until now."""
    queued = (jobs.c.dictionary == dictionary, jobs.c.kind == JobKind.TRAIN, jobs.c.state == JobState.QUEUED)
    rows = tx.execute(select(jobs).where(*queued).order_by(jobs.c.number))
    return next((_to_schema(row) for row in rows if row.params["publish"] == alias), None)


def find_running_training(tx: Connection, dictionary: int, alias: str) -> dict[str, Any] | None:
    """What the newest training for this alias was ordered with that is under way."""
    running = (jobs.c.dictionary == dictionary, jobs.c.kind == JobKind.TRAIN, jobs.c.state == JobState.RUNNING)
    params = tx.scalars(select(jobs.c.params).where(*running).order_by(jobs.c.number.desc()))
    return next((each for each in params if each["publish"] == alias), None)


def is_open(tx: Connection, dictionary: int, kind: JobKind) -> bool:
    """Whether a job of this kind is queued or under way."""
    here = (jobs.c.dictionary == dictionary, jobs.c.kind == kind, jobs.c.state.in_(_OPEN))
    return tx.scalar(select(jobs.c.number).where(*here).limit(1)) is not None


def find_ordered_recipe(tx: Connection, memory: str) -> dict[str, Any] | None:
    """The recipe with which the training was ordered that this memory's lineage comes from."""
    lineage = select(memories.c.lineage).where(memories.c.id == memory).scalar_subquery()
    trained = select(jobs.c.params).join(memories, memories.c.id == jobs.c.memory).where(memories.c.lineage == lineage)
    params = tx.scalar(trained.where(jobs.c.kind == JobKind.TRAIN).order_by(jobs.c.number.desc()).limit(1))
    return None if params is None else params["recipe"]


def waiting(tx: Connection, kinds: Collection[JobKind] = tuple(JobKind)) -> bool:
    """Whether `claim` would find something."""
    return tx.scalar(select(jobs.c.number).where(_free(), jobs.c.kind.in_(kinds)).limit(1)) is not None


def claim(
    tx: Connection,
    worker: str,
    lease: timedelta,
    job: str | None = None,
    kinds: Collection[JobKind] = tuple(JobKind),
) -> Claim | None:
    """Take the oldest job of these kinds that is queued or whose lease has run out, purges first; with `job` none but
    that one.
    """
    wanted = jobs.c.kind.in_(kinds) if job is None else jobs.c.id == job
    free = select(jobs.c.number).where(_free(), wanted)
    in_turn = free.order_by(jobs.c.kind != JobKind.PURGE, jobs.c.number)
    number = tx.scalar(in_turn.limit(1).with_for_update(skip_locked=True))
    if number is None:
        return None
    held = {"state": JobState.RUNNING, "worker": worker, "lease_until": now() + lease, "started_at": now()}
    fresh = {"attempts": jobs.c.attempts + 1, "progress": 0.0, "step": "starting"}
    row = tx.execute(update(jobs).where(jobs.c.number == number).values(**held, **fresh).returning(jobs)).one()
    dictionary = tx.scalar(select(dictionaries.c.id).where(dictionaries.c.number == row.dictionary))
    fields = {"id": row.id, "memory": row.memory, "params": row.params, "by": row.by, "worker": worker}
    counts = {"attempt": row.attempts, "restarts": row.restarts}
    return Claim(kind=JobKind(row.kind), dictionary=str(dictionary), **counts, **fields)


def renew(tx: Connection, held: Claim, lease: timedelta, progress: float, step: str) -> bool:
    """Extend the lease, show the progress, and return whether the job was asked to stop. Raises LeaseLost."""
    values = {"lease_until": now() + lease, "progress": progress, "step": step}
    row = tx.execute(update(jobs).where(_fence(held)).values(values).returning(jobs.c.cancel_requested)).first()
    if row is None:
        raise LeaseLost(held.id)
    return bool(row.cancel_requested)


def set_memory(tx: Connection, held: Claim, memory: str) -> None:
    """Note which memory folder this attempt writes, so that no sweep removes it meanwhile. Raises LeaseLost."""
    _change(tx, held, {"memory": memory})


def give_back(tx: Connection, held: Claim, *, counted: bool = False) -> None:
    """Queue the job again, as a stopping worker does; the attempt does not count unless it is `counted`. Raises
    LeaseLost.
    """
    again = {"state": JobState.QUEUED, "worker": None, "lease_until": None, "step": "queued"}
    _change(tx, held, {**again, "progress": 0.0, "attempts": jobs.c.attempts - int(not counted)})


def succeed(tx: Connection, held: Claim, result: dict[str, Any]) -> None:
    """End the job with its result. Raises LeaseLost, and Cancelled where a cancellation was acknowledged before."""
    if tx.scalar(select(jobs.c.cancel_requested).where(_fence(held))):
        raise Cancelled("the job was cancelled")
    done = {"state": JobState.SUCCEEDED, "progress": 1.0, "step": "done", "result": result}
    _change(tx, held, {**done, **_ending()})


def fail(tx: Connection, held: Claim, state: JobState, problem: Problem) -> None:
    """End the job as failed or cancelled. Raises LeaseLost."""
    _change(tx, held, {"state": state, "problem": problem.model_dump(mode="json"), **_ending()})


def cancel(tx: Connection, job_id: str, problem: Problem) -> bool:
    """A queued job ends at once, a running one is asked to stop, and one that has ended or was asked before stays as it
    is. Returns whether that changed the job.
    """
    here = jobs.c.id == job_id
    ended = {"state": JobState.CANCELLED, "problem": problem.model_dump(mode="json"), **_ending()}
    queued = update(jobs).where(here, jobs.c.state == JobState.QUEUED).values(ended)
    running = update(jobs).where(here, jobs.c.state == JobState.RUNNING, ~jobs.c.cancel_requested)
    return tx.execute(queued).rowcount + tx.execute(running.values(cancel_requested=True)).rowcount > 0


def free(tx: Connection, worker: str) -> None:
    """End every lease of a worker that is known to be dead."""
    tx.execute(update(jobs).where(jobs.c.worker == worker, jobs.c.state == JobState.RUNNING).values(lease_until=now()))


def list_memories_under_way(tx: Connection) -> list[str]:
    """The memory folders that jobs which have not ended may still write."""
    return list(tx.scalars(select(jobs.c.memory).where(jobs.c.state.in_(_OPEN), jobs.c.memory.is_not(None))))


def _free() -> ColumnElement[bool]:
    return or_(jobs.c.state == JobState.QUEUED, (jobs.c.state == JobState.RUNNING) & (jobs.c.lease_until <= now()))


def _fence(held: Claim) -> ColumnElement[bool]:
    mine = (jobs.c.id == held.id) & (jobs.c.worker == held.worker) & (jobs.c.attempts == held.attempt)
    return mine & (jobs.c.state == JobState.RUNNING)


def _change(tx: Connection, held: Claim, values: dict[str, Any]) -> None:
    if tx.execute(update(jobs).where(_fence(held)).values(values)).rowcount == 0:
        raise LeaseLost(held.id)


def _ending() -> dict[str, datetime | None]:
    return {"ended_at": now(), "lease_until": None}


def _to_schema(row: Row[Any]) -> Job:
    memory = row.memory if row.kind != JobKind.TRAIN or row.state == JobState.SUCCEEDED else None
    return Job(
        id=row.id,
        kind=row.kind,
        state=row.state,
        progress=row.progress,
        step=row.step,
        attempts=row.attempts,
        memory=memory,
        result=row.result,
        problem=None if row.problem is None else Problem.model_validate(row.problem),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
