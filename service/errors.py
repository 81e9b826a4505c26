"""Every error the service raises, in one tree.

    FactStoreError               500
    ├── RequestError         400 the caller must change something
    │   ├── Unauthorized         401
    │   ├── Forbidden            403
    │   ├── NotFound             404
    │   ├── MethodNotAllowed     405
    │   ├── Conflict             409  name_taken, replace_incomplete, idempotency_key_reused, ...
    │   │   └── NoMemory         a dictionary without a champion
    │   ├── PreconditionFailed   412
    │   ├── TooLarge             413
    │   ├── UnsupportedMedia     415
    │   ├── Unprocessable        422
    │   │   └── UnusableFile     a file that cannot be read as a table of facts
    │   ├── RateLimited          429
    │   ├── Busy                 429  of one kind of request
    │   ├── HeadTooLong          431  of a request: its request line and headers
    │   └── TooSlow              408  its head or its body
    ├── TrainingFailed           a memory that cannot hold every fact; names the facts
    ├── Outgrown                 an edit that the bank has no room for: train anew
    ├── MemoryMismatch       503 an artefact whose bytes are not what its manifest says
    │   ├── MemoryDamaged        one that was asked: a job rebuilds it
    │   └── MemoryOutdated       one that an earlier version of the service wrote
    ├── Cancelled                a job was cancelled
    └── Unavailable              503
        └── Overtaken            a purge came between reading and writing

`status` and `code` live here; the one function that turns an error into a reply lives in `service.routes.problems`.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType

from schemas.problems import Code, Problem

UNFORESEEN = "the service failed with an internal error"
"""The detail of an error of any other type, whose own message might contain names."""


class FactStoreError(Exception):
    """The root of all errors of the service.

    detail: a sentence for the caller. code: the stable name of the error. extra: further figures that are sent with it;
    they must hold no names and no answers that the caller did not send.
    """

    status = 500
    code = Code.INTERNAL
    headers: Mapping[str, str] = MappingProxyType({})  # sent with the reply to this error

    def __init__(self, detail: str, *, code: Code | None = None, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.extra = extra

    def problem(self) -> Problem:
        """The error as a problem document (RFC 9457); `type` is made from the code, which never changes."""
        return Problem(
            type=f"urn:factstore:problem:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            code=self.code,
            extra=self.extra,
        )


class RequestError(FactStoreError):
    status = 400
    code = Code.INVALID_REQUEST


class HeadTooLong(RequestError):
    """Of a request: its request line and headers."""

    status = 431
    code = Code.TOO_LARGE


class TooSlow(RequestError):
    status = 408


class Unauthorized(RequestError):
    status = 401
    code = Code.UNAUTHORIZED
    headers = MappingProxyType({"www-authenticate": "Bearer"})


class Forbidden(RequestError):
    status = 403
    code = Code.FORBIDDEN


class NotFound(RequestError):
    status = 404
    code = Code.NOT_FOUND


class MethodNotAllowed(RequestError):
    """The route exists but has other methods: `allowed`."""

    status = 405
    code = Code.METHOD_NOT_ALLOWED

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__("this route does not allow this method")
        self.headers = {"allow": ", ".join(allowed)}


class Conflict(RequestError):
    status = 409
    code = Code.NAME_TAKEN


class NoMemory(Conflict):
    """A request needs a champion, and the dictionary has none."""

    code = Code.NO_MEMORY

    def __init__(self) -> None:
        super().__init__("this dictionary has no champion yet: train a memory first")


class PreconditionFailed(RequestError):
    status = 412
    code = Code.PRECONDITION_FAILED


class TooLarge(RequestError):
    """A body, or what it expands to, exceeds a limit. The rest of the body is not read."""

    status = 413
    code = Code.TOO_LARGE
    headers = MappingProxyType({"connection": "close"})

    @classmethod
    def of_body(cls, limit: int) -> "TooLarge":
        """Make the error for a request body of more than `limit` bytes."""
        return cls(f"a body may have at most {limit} bytes here", limit=limit)


class UnsupportedMedia(RequestError):
    status = 415
    code = Code.UNSUPPORTED_MEDIA_TYPE


class Unprocessable(RequestError):
    status = 422
    code = Code.INVALID_REQUEST


class UnusableFile(Unprocessable):
    """A file that cannot be read as a table of facts; the detail names the option that would help."""

    code = Code.NOT_A_TABLE


class RateLimited(RequestError):
    """A key has used up its rate; it may try again after `retry_after` seconds."""

    status = 429
    code = Code.RATE_LIMITED

    def __init__(self, retry_after: int) -> None:
        super().__init__("this key has sent as many requests as it may for now", retry_after=retry_after)
        self.headers = {"retry-after": str(retry_after)}


class Busy(RequestError):
    """As many requests of a kind are under way as the service takes; the rest of the body is not read."""

    status = 429
    code = Code.RATE_LIMITED
    headers = MappingProxyType({"retry-after": "5", "connection": "close"})

    def __init__(self) -> None:
        super().__init__("as many of these requests are under way as the service takes: send it again later")


class TrainingFailed(FactStoreError):
    """A training found no memory that holds every fact; `extra["facts"]` names those that fail."""

    status = 422
    code = Code.TRAINING_FAILED


class Outgrown(FactStoreError):
    """An edit does not fit the resolved recipe; a full training makes room."""

    status = 422
    code = Code.TRAINING_FAILED


class MemoryMismatch(FactStoreError):
    """The bytes, secret or format of an artefact differ from its manifest, so it is not loaded."""

    status = 503
    code = Code.MEMORY_MISMATCH


class MemoryDamaged(MemoryMismatch):
    """A memory that was asked is damaged; `job` rebuilds it from the ledger, None where that was tried in vain."""

    def __init__(self, found: str, memory: str, job: str | None) -> None:
        if job is None:
            way = "it could not be rebuilt from the ledger: put back a backup, or train the dictionary anew"
        else:
            way = f"it is being rebuilt from the ledger by the job {job}: ask again when that has ended"
            self.headers = {"retry-after": "5"}
        super().__init__(f"{found}; {way}", memory=memory, job=job, call=f"POST /v1/memories/{memory}/scrubs")


class MemoryOutdated(MemoryMismatch):
    """The artefact is whole, in the format of an earlier version: a training of its facts makes it anew."""

    code = Code.MEMORY_OUTDATED


class Cancelled(FactStoreError):
    status = 409
    code = Code.CANCELLED


class Unavailable(FactStoreError):
    status = 503
    code = Code.UNAVAILABLE


class Overtaken(Unavailable):
    """What was read may have been purged since, so it is not written back."""

    headers = MappingProxyType({"retry-after": "1"})

    def __init__(self) -> None:
        super().__init__("a purge came between: nothing was stored, send the request again")
