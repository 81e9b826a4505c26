"""API keys over HTTP."""

from datetime import UTC, datetime, timedelta

import httpx

from tests.running import Running


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
    soon = datetime.now(UTC) + timedelta(seconds=1)
    key = api.post("/v1/keys", json={"role": "query", "expires_at": soon.isoformat()}).json()["key"]
    with service.client(key) as caller:
        while (status := caller.get("/v1/dictionaries").status_code) == 200:
            assert datetime.now(UTC) < soon + timedelta(seconds=5)
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
