"""An error as RFC 9457 problem+json: one shape, whichever way the request came in."""

from http import HTTPStatus

from schemas.problems import Problem
from service.errors import FactStoreError

MEDIA_TYPE = "application/problem+json"


def problem_body(error: FactStoreError) -> bytes:
    """The problem as it goes out; `type` names the code, which is the stable part."""
    problem = Problem(
        type=f"urn:factstore:problem:{error.code}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        code=error.code,
        extra=error.extra,
    )
    return problem.model_dump_json().encode()
