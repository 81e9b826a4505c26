"""Every error that ends a pilot run, in one tree; the class decides the exit code.

PilotError
├── UnusableInput      2  a file, gate or recipe that the pilot cannot read
├── Refused            2  the service refused a request (4xx); carries its problem
├── ServiceFailed      3  the service did not do its work (5xx, no reply, not started)
│   └── JobFailed      3  a job ended without its result; carries its problem
└── NotHeld            1  a training did its work, and the recipe could not hold every fact: nothing to report on
"""

from http import HTTPStatus

from pydantic import ValidationError

from schemas.jobs import Job, JobState
from schemas.problems import Code, Problem


class PilotError(Exception):
    """The root. `str(error)` is one plain sentence for a person, in English; `said` and `figures` are its code and what
    the sentence holds, so that it can be said in another language.
    """

    exit_code = 3
    problem: Problem | None = None

    def __init__(self, message: str, said: str = "", **figures: object) -> None:
        super().__init__(message)
        self.said, self.figures = said, figures


class UnusableInput(PilotError):
    exit_code = 2


class Refused(PilotError):
    """The service refused the request; `code` is the stable part of its problem."""

    exit_code = 2
    problem: Problem

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem

    @property
    def code(self) -> Code:
        return self.problem.code

    @property
    def status(self) -> int:
        return self.problem.status


class ServiceFailed(PilotError):
    exit_code = 3


class JobFailed(ServiceFailed):
    """A job that failed or was cancelled; `problem` says why where the service said so."""

    def __init__(self, message: str, problem: Problem | None, said: str = "", **figures: object) -> None:
        full = message if problem is None else f"{message}: {problem.code}: {problem.detail}"
        super().__init__(full, said, **figures)
        self.problem = problem


class NotHeld(PilotError):
    """As a missed gate: the table was asked to be held by this recipe, and is not."""

    exit_code = 1

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"the facts cannot be held as asked: {problem.detail}", "not_held")
        self.problem = problem


def to_job_error(job: Job) -> PilotError:
    """What ended a job without its result: the facts, the request, or the service."""
    if job.problem is None or job.state is JobState.CANCELLED:
        return JobFailed(f"the {job.kind} job {job.state}", job.problem, "job_ended", kind=job.kind, state=job.state)
    if job.problem.code is Code.TRAINING_FAILED:
        return NotHeld(job.problem)
    if job.problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(job.problem)
    return JobFailed(f"the {job.kind} job {job.state}", job.problem, "job_ended", kind=job.kind, state=job.state)


def explain(error: Exception) -> str:
    """What is wrong with a file of settings, for people: each field and its fault."""
    if not isinstance(error, ValidationError):
        return str(error)
    faults = ((".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors())
    return "; ".join(f"{field}: {fault}" if field else fault for field, fault in faults)
