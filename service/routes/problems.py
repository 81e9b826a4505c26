"""An error as RFC 9457 problem+json: one shape, whichever way the request came in."""

from service.errors import FactStoreError

MEDIA_TYPE = "application/problem+json"


def problem_body(error: FactStoreError) -> bytes:
    return error.problem().model_dump_json().encode()
