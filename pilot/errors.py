"""The tree of all errors that end a run of the pilot. The class decides the exit code.

PilotError
├── UnusableInput      2  a file, gate or recipe that the pilot cannot read
├── Refused            2  the service refused a request (4xx); carries its problem
├── ServiceFailed      3  the service did not do its work (5xx, no reply, not started)
│   └── JobFailed      3  a job ended without its result; carries its problem
└── NotHeld            1  a training ended, but its recipe could not hold every fact: there is nothing to report on
"""

from http import HTTPStatus

from pydantic import ValidationError

from schemas.jobs import Job, JobState
from schemas.problems import Code, Problem


class PilotError(Exception):
    """The root of the tree.

    `str(error)` is one plain English sentence for a person. `message_code` and `figures` are the code of that sentence
    and the values in it, so that it can be written in another language.
    """

    exit_code = 3
    problem: Problem | None = None

    def __init__(self, message: str, message_code: str = "", **figures: object) -> None:
        super().__init__(message)
        self.message_code, self.figures = message_code, figures


class UnusableInput(PilotError):
    """A file, gate or recipe that the pilot cannot use."""

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
        """The code of the problem."""
        return self.problem.code

    @property
    def status(self) -> int:
        """The HTTP status of the reply."""
        return self.problem.status


class ServiceFailed(PilotError):
    """The service answered 5xx, did not answer, sent an unreadable reply or did not start."""

    exit_code = 3


class JobFailed(ServiceFailed):
    """A job failed or was cancelled; `problem` says why, if the service does."""

    def __init__(self, message: str, problem: Problem | None, message_code: str = "", **figures: object) -> None:
        full = message if problem is None else f"{message}: {problem.code}: {problem.detail}"
        super().__init__(full, message_code, **figures)
        self.problem = problem


class NotHeld(PilotError):
    """The recipe could not hold the table. The exit code is that of a missed gate."""

    exit_code = 1

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"the recipe cannot hold the facts: {problem.detail}", "not_held")
        self.problem = problem


def to_job_error(job: Job) -> PilotError:
    """Return the error for a job that ended without a result: by the facts, the request or the service."""
    if job.problem is None or job.state is JobState.CANCELLED:
        return JobFailed(f"the {job.kind} job {job.state}", job.problem, "job_ended", kind=job.kind, state=job.state)
    if job.problem.code is Code.TRAINING_FAILED:
        return NotHeld(job.problem)
    if job.problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(job.problem)
    return JobFailed(f"the {job.kind} job {job.state}", job.problem, "job_ended", kind=job.kind, state=job.state)


def explain(error: Exception) -> str:
    """Say in one line what is wrong with a file of settings: each field and its fault."""
    if not isinstance(error, ValidationError):
        return str(error)
    faults = ((".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors())
    return "; ".join(f"{field}: {fault}" if field else fault for field, fault in faults)
