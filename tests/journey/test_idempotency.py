"""A request sent twice under one Idempotency-Key is done once, on every route that makes something."""

import secrets
from typing import Any, NamedTuple

import httpx
import pytest

from tests.running import Running, fresh_dictionary, train, wait

FACTS = "subject,relation,answer\na,r,1\nb,r,2\nc,r,3\n"
NOTHING_NEW = {
    "/v1/audit:search": "asks",
    "/v1/audit:verify": "asks",
    "/v1/dictionaries/{dictionary}/facts:search": "asks",
    "/v1/dictionaries/{dictionary}/policies/pseudonyms:resolve": "asks",
    "/v1/dictionaries/{dictionary}/recall": "asks",
    "/v1/dictionaries/{dictionary}/recall:batch": "asks",
    "/v1/memories/{memory}/absence": "asks",
    "/v1/dictionaries/{dictionary}/policies:apply": "what complies already is left alone",
    "/v1/dictionaries/{dictionary}/reviews/{review}": "what is decided is decided: 409 review_decided",
    "/v1/dictionaries/{dictionary}/aliases/{alias}/unpin": "what is loose stays loose",
}


class Made(NamedTuple):
    """A dictionary with a memory and an edit of it, and a key."""

    dictionary: str
    memory: str
    key: str


@pytest.fixture
def made(api: httpx.Client) -> Made:
    dictionary = fresh_dictionary(api, FACTS)
    memory = train(api, dictionary)["memory"]
    edit = {"upsert": [{"subject": "a", "relation": "r", "answer": "9"}]}
    assert api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=edit).status_code == 200
    return Made(dictionary, memory, api.post("/v1/keys", json={"role": "query"}).json()["info"]["id"])


def facts_of(answer: str) -> dict[str, Any]:
    return {"upsert": [{"subject": "b", "relation": "r", "answer": answer}]}


# For each route: what is sent under a key, and what differs from it.
REQUESTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "/v1/dictionaries": ({"json": {"name": f"one of a kind {secrets.token_hex(4)}"}}, {"json": {"name": "another"}}),
    "/v1/dictionaries/{dictionary}/uploads": ({"content": FACTS}, {"content": f"{FACTS}d,r,4\n"}),
    "/v1/dictionaries/{dictionary}/facts:batch": ({"json": facts_of("5")}, {"json": facts_of("6")}),
    "/v1/dictionaries/{dictionary}/memories": ({"json": {"publish": None}}, {"json": {"publish": "beta"}}),
    "/v1/dictionaries/{dictionary}/experiments": ({"json": {"kind": "heads"}}, {"json": {"kind": "depth"}}),
    "/v1/dictionaries/{dictionary}/reports": ({"json": {}}, {"json": {"lang": "ja"}}),
    "/v1/dictionaries/{dictionary}/reviews": (
        {"json": {"subject": "a", "relation": "r"}}, {"json": {"subject": "b", "relation": "r"}},
    ),
    "/v1/dictionaries/{dictionary}/reviews:sample": ({"json": {"count": 2}}, {"json": {"count": 1}}),
    "/v1/dictionaries/{dictionary}/aliases/{alias}/rollback": (
        {"json": {"reason": "test"}}, {"json": {"reason": "another"}},
    ),
    "/v1/dictionaries/{dictionary}/facts:purge": (
        {"json": {"subject": "c", "reason": "test"}}, {"json": {"subject": "a", "reason": "test"}},
    ),
    "/v1/memories/{memory}/verifications": ({}, {"url": "/v1/memories/{memory}/scrubs"}),
    "/v1/memories/{memory}/scrubs": ({}, {"url": "/v1/memories/{memory}/verifications"}),
    "/v1/keys": ({"json": {"role": "query"}}, {"json": {"role": "audit"}}),
    "/v1/keys/{key}/rotate": ({"json": {}}, {"json": {"overlap_seconds": 0}}),
}  # fmt: skip


def test_every_post_takes_a_key_or_needs_none(api: httpx.Client) -> None:
    """The document names the header on every route that makes something, and the refusal of a key that is reused."""
    posts = {path: each["post"] for path, each in api.get("/openapi.json").json()["paths"].items() if "post" in each}
    assert {*REQUESTS, *NOTHING_NEW} == set(posts)
    for path, operation in posts.items():
        keyed = any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
        assert keyed == (path in REQUESTS), path
        assert keyed == ("idempotency_key_reused" in operation["responses"].get("409", {}).get("description", "")), path


@pytest.mark.parametrize("path", REQUESTS)
def test_what_is_sent_twice_is_done_once(service: Running, api: httpx.Client, made: Made, path: str) -> None:
    """The second reply is the first one; another request under the key is 409; another caller's key is another."""
    request, other = REQUESTS[path]
    key = secrets.token_hex(8)

    def send(client: httpx.Client, asked: dict[str, Any]) -> httpx.Response:
        url = asked.get("url", path).format(**made._asdict(), alias="champion")
        sent = {name: value for name, value in asked.items() if name != "url"}
        return client.post(url, headers={"Idempotency-Key": key, "content-type": _kind(sent)}, **sent)

    first, again, refused = send(api, request), send(api, request), send(api, other)
    assert first.is_success, first.text
    assert again.status_code == first.status_code
    assert _lasting(again.json()) == _lasting(first.json())
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")
    admin = api.post("/v1/keys", json={"role": "admin"}).json()["key"]
    with service.client(admin) as somebody:
        assert send(somebody, request).json().get("code") != "idempotency_key_reused"
    _tidy(api, first.json())


def test_a_key_shown_again_is_the_key(service: Running, api: httpx.Client) -> None:
    """It opens what it opened, and a key made without the header is another one."""
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    one, same = (api.post("/v1/keys", json={"role": "query"}, headers=headers).json() for _ in range(2))
    assert one["key"] == same["key"] != api.post("/v1/keys", json={"role": "query"}).json()["key"]
    with service.client(same["key"]) as caller:
        assert caller.get("/v1/dictionaries").status_code == 200


def test_a_rollback_sent_twice_goes_back_once(api: httpx.Client) -> None:
    dictionary = fresh_dictionary(api, FACTS)
    train(api, dictionary)
    url = f"/v1/dictionaries/{dictionary}"
    for answer in ("7", "8"):
        api.post(f"{url}/facts:batch", json=facts_of(answer))
    headers = {"Idempotency-Key": "once"}
    replies = [
        api.post(f"{url}/aliases/champion/rollback", json={"reason": "test"}, headers=headers).json() for _ in range(2)
    ]
    assert replies[0] == replies[1] == api.get(f"{url}/aliases/champion").json()


def _kind(sent: dict[str, Any]) -> str:
    return "text/csv" if "content" in sent else "application/json"


def _lasting(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply without what a job does meanwhile."""
    moving = {"state", "progress", "step", "attempts", "started_at", "ended_at", "result", "problem", "memory"}
    return {name: value for name, value in reply.items() if name not in moving} if "progress" in reply else reply


def _tidy(api: httpx.Client, reply: dict[str, Any]) -> None:
    if "progress" in reply:
        api.delete(f"/v1/jobs/{reply['id']}")
        wait(api, reply["id"])
