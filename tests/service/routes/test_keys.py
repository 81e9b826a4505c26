"""API keys over HTTP."""

import re
import time
from datetime import UTC, datetime, timedelta

import httpx

from tests.running import FOR_LONG, PATIENCE, Running, fresh_dictionary


def test_a_key_is_shown_once_and_opens_nothing_when_revoked(service: Running, api: httpx.Client) -> None:
    """The list knows its prefix, role and label, never the key; revoked, it is 401 from the next request on."""
    made = api.post("/v1/keys", json={"role": "audit", "label": "the auditor"}).json()
    key, info = made["key"], made["info"]
    assert key.startswith(info["prefix"])
    listed = api.get("/v1/keys")
    assert key not in listed.text
    assert info["id"] in [each["id"] for each in listed.json()["keys"]]
    with service.client(key) as auditor:
        assert auditor.get("/v1/dictionaries").status_code == 200
        assert api.delete(f"/v1/keys/{info['id']}").json()["revoked_at"]
        assert auditor.get("/v1/dictionaries").status_code == 401


def test_an_expired_key_opens_nothing(service: Running, api: httpx.Client) -> None:
    """It works until its time is over."""
    for seconds in (1, 10, 60):  # a busy machine may take longer than the first to make the key
        soon = datetime.now(UTC) + timedelta(seconds=seconds)
        made = api.post("/v1/keys", json={"role": "query", "expires_at": soon.isoformat()})
        if made.is_success:
            break
    with service.client(made.json()["key"]) as caller:
        while (status := caller.get("/v1/dictionaries").status_code) == 200:
            assert datetime.now(UTC) < soon + timedelta(seconds=PATIENCE)
        assert status == 401
        assert datetime.now(UTC) >= soon


def test_keys_are_kept_as_hashes(service: Running, api: httpx.Client) -> None:
    """Neither a made key nor the bootstrap key stands in the database's files or the log."""
    key = api.post("/v1/keys", json={"role": "query"}).json()["key"]
    files = [*service.data.glob("factstore.db*"), service.data.with_suffix(".log")]
    for file in files:
        content = file.read_bytes()
        assert key.encode() not in content
        assert service.key.encode() not in content


def test_a_rotated_key_is_followed_by_one_that_may_do_the_same(service: Running, api: httpx.Client) -> None:
    """Role, label, rate and grants move along; both keys work during the overlap, then the old one ends."""
    path = f"/v1/dictionaries/{fresh_dictionary(api)}"
    old = api.post("/v1/keys", json={"role": "audit", "label": "erp", "rate": "500/minute"}).json()
    api.put(f"{path}/grants/{old['info']['id']}", json={"role": "query", "denied": ["e-mail"]})
    overlap_ends = time.monotonic() + 1
    new = api.post(f"/v1/keys/{old['info']['id']}/rotate", json={"overlap_seconds": 1}).json()
    assert new["key"] != old["key"]
    assert new["info"]["replaces"] == old["info"]["id"]
    kept = ("role", "label", "rate", "expires_at")
    assert [new["info"][field] for field in kept] == ["audit", "erp", "500/minute", None]
    moved = api.get(f"{path}/grants/{new['info']['id']}").json()
    assert (moved["role"], moved["denied"]) == ("query", ["e-mail"])
    with service.client(old["key"]) as before, service.client(new["key"]) as after:
        status = before.get(path).status_code
        assert status == 200 or time.monotonic() > overlap_ends
        assert after.get(path).status_code == 200
        ended = time.monotonic() + PATIENCE
        while before.get(path).status_code == 200:
            assert time.monotonic() < ended
        assert after.get(path).status_code == 200
        assert after.get("/v1/dictionaries").json()["dictionaries"][0]["id"] == api.get(path).json()["id"]


def test_only_a_valid_key_is_rotated(api: httpx.Client) -> None:
    """An unknown key is 404, and so is one that was revoked: rotating must not bring it back."""
    revoked = api.post("/v1/keys", json={"role": "query"}).json()["info"]["id"]
    api.delete(f"/v1/keys/{revoked}")
    for key in ("nobody", "bootstrap", revoked):
        assert api.post(f"/v1/keys/{key}/rotate").status_code == 404


def test_a_rotated_key_ends_when_the_old_one_would_have(api: httpx.Client) -> None:
    """Rotation does not prolong a key by itself, and a long overlap does not prolong the old one."""
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    old = api.post("/v1/keys", json={"role": "query", "expires_at": soon}).json()["info"]
    new = api.post(f"/v1/keys/{old['id']}/rotate", json={"overlap_seconds": 86_400}).json()["info"]
    assert new["expires_at"] == old["expires_at"]
    assert [each["expires_at"] for each in api.get("/v1/keys").json()["keys"] if each["id"] == old["id"]] == [
        old["expires_at"]
    ]
    later = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    renewed = api.post(f"/v1/keys/{new['id']}/rotate", json={"expires_at": later}).json()["info"]
    assert renewed["expires_at"] > new["expires_at"]


def test_a_key_that_sends_too_much_is_told_when_to_go_on(service: Running, api: httpx.Client) -> None:
    """429 with Retry-After, on recalls as elsewhere; other keys are not slowed down."""
    key = api.post("/v1/keys", json={"role": "query", "rate": f"10{FOR_LONG}"}).json()["key"]
    with service.client(key) as caller:
        statuses = [caller.get("/v1/dictionaries").status_code for _ in range(12)]
        recalled = caller.post("/v1/dictionaries/none/recall", json={"subject": "a", "relation": "b"})
    assert statuses == [200] * 10 + [429] * 2
    assert (recalled.status_code, recalled.json()["code"]) == (429, "rate_limited")
    assert 0 < int(recalled.headers["retry-after"]) <= 9999 * 86_400
    assert api.get("/v1/dictionaries").status_code == 200
    assert api.post("/v1/keys", json={"role": "query", "rate": "often"}).status_code == 422


def test_a_browser_reads_pages_with_a_cookie_and_nothing_else(service: Running, api: httpx.Client) -> None:
    """Signing in trades a key for a cookie that opens documents by GET alone, until the key is revoked."""
    made = api.post("/v1/keys", json={"role": "query"}).json()
    with service.client("") as browser:
        assert browser.post("/sign-in", data={"key": "wrong"}).status_code == 401
        assert browser.post("/sign-in", data={"key": "x" * 5000}).status_code == 413
        signed_in = browser.post("/sign-in", data={"key": made["key"]})
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/docs")
        cookie = signed_in.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert made["key"] not in cookie
        page = browser.get("/docs")
        assert "/v1/dictionaries/{dictionary}/grants" in page.text
        assert not re.search(r"<script|https?://|@import|url\(", page.text)
        assert browser.get("/openapi.json").status_code == 200
        for method, path in [
            ("POST", "/docs"),
            ("GET", "/v1/dictionaries"),
            ("GET", "/metrics"),
            ("DELETE", "/v1/keys/x"),
        ]:
            assert browser.request(method, path).status_code == 401
        forged = browser.cookies["factstore_session"].replace(made["info"]["id"], "bootstrap")
        assert httpx.get(f"{service.url}/docs", cookies={"factstore_session": forged}).status_code == 401
        api.delete(f"/v1/keys/{made['info']['id']}")
        assert browser.get("/docs").status_code == 401
