"""Every error is a problem with a code, whoever raised it."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.routes.problems import handle_errors

NUL_POLICY = {"policies": [{"relation": "a\0b", "policy": "mask"}], "reason": ""}  # once stored, it could not be read
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
    ("POST", "/v1/dictionaries/none/facts:search", {"content": b'{"subject": "\\ud800"}'}, 422, "invalid_request"),
    ("PUT", "/v1/dictionaries/none/policies", {"json": NUL_POLICY}, 422, "invalid_request"),
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


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({"json": {"name": 1}}, "body.name: "),
        ({"json": {"name": "x", "colour": "red"}}, "body.colour: "),
        ({"json": ["x"]}, "body: a JSON object is wanted, sent with Content-Type: application/json"),
        ({"data": {"name": "x"}}, "body: a JSON object is wanted, sent with Content-Type: application/json"),
    ],
)
def test_what_is_wrong_is_named(api: httpx.Client, sent: dict[str, Any], place: str) -> None:
    """The detail says which field, and what was wanted of it."""
    assert api.post("/v1/dictionaries", **sent).json()["detail"].startswith(place)


def test_a_refused_value_is_not_repeated(api: httpx.Client) -> None:
    """A validation problem says where and what, never the value: it may be a name."""
    reply = api.post("/v1/dictionaries", json={"name": {"secret": "name"}})
    assert reply.status_code == 422
    assert "secret" not in reply.text


def test_a_fault_is_a_problem_that_tells_nothing() -> None:
    """What nobody foresaw is answered as a problem too, without what the fault said: that may be a name."""
    api = FastAPI()
    handle_errors(api, [])

    @api.get("/fault")
    async def fault() -> None:
        raise RuntimeError("a name")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(api, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/fault")

    reply = asyncio.run(ask())
    assert (reply.status_code, reply.json()["code"], "a name" in reply.text) == (500, "internal", False)
