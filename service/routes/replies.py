"""Replies that several routes give."""

from fastapi import Response
from fastapi.responses import StreamingResponse

from schemas.jobs import Job


class Csv(StreamingResponse):
    """Text in UTF-8, sent while it is being made."""

    media_type = "text/csv"


def accepted(response: Response, job: Job) -> Job:
    """The reply to a request that queued `job`."""
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job
