"""Replies that several routes give, and what the document of the API says of refusals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from fastapi import Response
from fastapi.responses import StreamingResponse

from schemas.jobs import Job
from schemas.problems import Code
from service.workflows.etags import etag


class Csv(StreamingResponse):
    """Text in UTF-8, sent while it is being made."""

    media_type = "text/csv"


def with_form(lines: Iterable[str], name: str, *, raw: bool, **query: object) -> Csv:
    """The reply with a CSV file, whose headers say whether every cell is exact (`raw`), or else where that form is:
    `query` are the other parameters of the request.
    """
    exact = urlencode({"raw": "true"} | {key: value for key, value in query.items() if value is not None})
    form = {"csv-form": "exact"} if raw else {"csv-form": "spreadsheet", "link": f'<?{exact}>; rel="canonical"'}
    return Csv(lines, headers={"content-disposition": f'attachment; filename="{name}"', **form})


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=Versioned)

MISSING = (Code.NOT_FOUND, Code.NOT_RETAINED)  # why there is no such version of a memory


def with_location(response: Response, job: Job) -> Job:
    """The reply to a request that queued `job`."""
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job


def with_etag(response: Response, reply: V) -> V:
    """The reply with its version as an ETag, for If-Match."""
    response.headers["ETag"] = etag(reply.version)
    return reply


def refusals(codes: Mapping[int, Sequence[Code]]) -> dict[int | str, dict[str, Any]]:
    """For the document: by status, the codes of refusals that not every route has."""
    return {status: {"description": ", ".join(each)} for status, each in codes.items()}
