"""Every error is a problem with a code, whoever raised it."""

from typing import Any

import httpx
import pytest

CASES: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", "/nowhere", {}, 404, "not_found"),
    ("GET", "/v1/dictionaries/", {}, 404, "not_found"),
    ("GET", "/v1/dictionaries/none", {}, 404, "not_found"),
    ("GET", "/v1/dictionaries/a%00b", {}, 404, "not_found"),
    ("GET", "/v1/dictionaries/%ff%fe", {}, 404, "not_found"),
    ("GET", "/v1/jobs/none", {}, 404, "not_found"),
    ("DELETE", "/v1/jobs/none", {}, 404, "not_found"),
    ("GET", "/v1/memories/none", {}, 404, "not_found"),
    ("POST", "/v1/memories/none/verifications", {}, 404, "not_found"),
    ("DELETE", "/v1/keys/none", {}, 404, "not_found"),
    ("GET", "/v1/reports/none.json", {}, 404, "not_found"),
    ("GET", "/v1/reports/none.exe", {}, 404, "not_found"),
    ("PATCH", "/v1/dictionaries", {}, 405, "method_not_allowed"),
    ("POST", "/v1/dictionaries", {"content": b"{"}, 422, "invalid_request"),
    ("POST", "/v1/dictionaries", {"content": b"\xff\xfe"}, 422, "invalid_request"),
    ("POST", "/v1/dictionaries", {"json": {"name": ""}}, 422, "invalid_request"),
    ("POST", "/v1/dictionaries", {"json": {"name": "a\nb"}}, 422, "invalid_request"),
    ("POST", "/v1/dictionaries", {"json": {"name": "x", "extra": 1}}, 422, "invalid_request"),
    ("POST", "/v1/keys", {"json": {"role": "king"}}, 422, "invalid_request"),
    ("POST", "/v1/keys", {"json": {"role": "query", "expires_at": "2001-01-01"}}, 422, "invalid_request"),
    ("POST", "/v1/dictionaries/none/uploads?mode=merge", {}, 422, "invalid_request"),
    ("POST", "/v1/dictionaries/none/uploads", {"content": b"a,b,c\n"}, 404, "not_found"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")
def test_errors_are_problems(api: httpx.Client, case: tuple[str, str, dict[str, Any], int, str]) -> None:
    """Status, media type and code are as documented, and the problem names its own status."""
    method, path, request, status, code = case
    reply = api.request(method, path, **request)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")
    problem = reply.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"urn:factstore:problem:{code}")


def test_a_refused_value_is_not_repeated(api: httpx.Client) -> None:
    """A validation problem says where and what, never the value: it may be a name."""
    reply = api.post("/v1/dictionaries", json={"name": {"secret": "name"}})
    assert reply.status_code == 422
    assert "secret" not in reply.text
