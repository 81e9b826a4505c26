"""Long work: queued, followed, cancelled."""

from datetime import datetime
from enum import StrEnum

from schemas.base import Reply
from schemas.problems import Problem


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobKind(StrEnum):
    TRAIN = "train"
    VERIFY = "verify"
    REPORT = "report"
    PURGE = "purge"
    CONSOLIDATE = "consolidate"
    SCRUB = "scrub"
    EXPERIMENT = "experiment"


class Job(Reply):
    """progress runs from 0 to 1; `result` and `problem` are set when the job has ended; times are UTC."""

    id: str
    kind: JobKind
    state: JobState
    progress: float
    step: str
    attempts: int
    memory: str | None
    result: dict[str, object] | None
    problem: Problem | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class JobList(Reply):
    jobs: list[Job]
    cursor: str | None


class VerificationResult(Reply):
    """Every fact of the memory's ledger version, recalled and counted in pairs."""

    asked: int
    right: int
    wrong: int
    abstained: int
    failing: list[dict[str, str]]
    seconds: float
