"""The life of an API key: granted little, denied, rotated, rate-limited over processes, and traced in the audit."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.running import FOR_LONG, PATIENCE, Running, fresh_dictionary, running_service, train

FACTS = """subject,relation,answer
PART-0042,lead time,4 days
PART-0042,customer e-mail,buyer@example.com
PART-0043,customer e-mail,other@example.com
"""
ISSUER, AUDIENCE = "https://id.example", "fact-store"
SIGNING = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings for an identity provider whose keys are in a file."""
    jwks = tmp_path_factory.mktemp("provider") / "jwks.json"
    public = ECAlgorithm.to_jwk(SIGNING.public_key(), as_dict=True) | {"kid": "one"}
    jwks.write_text(json.dumps({"keys": [public]}))
    roles = json.dumps({"auditors": "audit", "buyers": "query"})
    return {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks": str(jwks), "oidc_roles": roles}


@pytest.fixture(scope="module")
def first(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_service(tmp_path_factory.mktemp("access") / "data", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def second(first: Running, settings: dict[str, str]) -> Iterator[Running]:
    """Another API process over the same data."""
    with running_service(first.data, first.key, **settings) as running:
        yield running


def make_token(**changed: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "akiko", "iat": now, "exp": now + 3600, "roles": ["buyers"]}
    return jwt.encode(claims | changed, SIGNING, "ES256", {"kid": "one"})


def recall(caller: httpx.Client, dictionary: str, relation: str, subject: str = "PART-0042") -> dict[str, Any]:
    query = {"subject": subject, "relation": relation, "compare": True}
    reply: dict[str, Any] = caller.post(f"/v1/dictionaries/{dictionary}/recall", json=query).json()
    return reply


def wait_until_known(caller: httpx.Client, dictionary: str | None = None) -> None:
    """Wait until the service knows the caller's key, and what is granted to it on this dictionary."""
    path = "/v1/dictionaries" if dictionary is None else f"/v1/dictionaries/{dictionary}"
    deadline = time.monotonic() + PATIENCE
    while not caller.get(path).is_success:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_key_recalls_the_lead_time_and_not_the_e_mail(first: Running, second: Running) -> None:
    """A granted relation is answered and any other looks as if it had never been taught, in every process, also after
    an edit and a rotation; the audit has the creation, grant and rotation of the key, and its denials.
    """
    with first.client() as admin:
        dictionary, other = fresh_dictionary(admin, FACTS), fresh_dictionary(admin, FACTS)
        assert train(admin, dictionary)["state"] == "succeeded"
        made = admin.post("/v1/keys", json={"role": "query", "scoped": True}).json()
        grant = {"relations": ["lead time"]}
        admin.put(f"/v1/dictionaries/{dictionary}/grants/{made['info']['id']}", json=grant)
        key = made["key"]
        for running in (first, second):
            with running.client(key) as caller:
                wait_until_known(caller, dictionary)  # another process reads grants when the change signal has moved
                assert recall(caller, dictionary, "lead time")["answers"] == ["4 days"]
                denied, absent = (recall(caller, dictionary, name) for name in ("customer e-mail", "colour"))
                assert denied | {"relation": None} == absent | {"relation": None}
                assert caller.get(f"/v1/dictionaries/{other}").status_code == 404
        key = admin.post(f"/v1/keys/{made['info']['id']}/rotate", json={"overlap_seconds": 0}).json()["key"]
        edit = {"upsert": [{"subject": "PART-0044", "relation": "customer e-mail", "answer": "third@example.com"}]}
        assert admin.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=edit).status_code == 200
        assert recall(admin, dictionary, "customer e-mail", "PART-0044")["status"] == "answered"
        with first.client(made["key"]) as old, first.client(key) as new:
            assert old.get("/v1/dictionaries").status_code == 401
            assert recall(new, dictionary, "customer e-mail", "PART-0044")["status"] == "unknown"
            assert recall(new, dictionary, "lead time")["status"] == "answered"
        acts = [entry["act"] for entry in admin.get("/v1/audit", params={"limit": 1000}).json()["entries"]]
        assert {"key", "grant"} <= set(acts)
        assert acts.count("key") >= 2


def test_a_rate_holds_over_processes(first: Running, second: Running) -> None:
    """Both processes share one allowance, however the requests are spread: never more, and all of it can be used."""
    with first.client() as admin:
        key = admin.post("/v1/keys", json={"role": "query", "rate": f"60{FOR_LONG}"}).json()["key"]
        later = admin.post("/v1/keys", json={"role": "query"}).json()["key"]
    for running in (first, second):  # a process that knows the later key knows the earlier one
        with running.client(later) as caller:
            wait_until_known(caller)
    with first.client(key) as one, second.client(key) as two:
        statuses = [caller.get("/v1/dictionaries").status_code for _ in range(60) for caller in (one, two)]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) == 60


def test_a_token_of_the_provider_is_a_key_for_its_time(first: Running) -> None:
    """A token may do what its claim allows; forged, expired or for another audience it is 401; no log shows it."""
    good = make_token()
    with first.client(good) as buyer:
        assert buyer.get("/v1/dictionaries").status_code == 200
        assert buyer.get("/v1/keys").status_code == 403
    wrong = [
        make_token(aud="another"),
        make_token(iss="https://evil.example"),
        make_token(exp=int(time.time()) - 120),
        make_token(roles=["visitors"]),
        f"{good[:-8]}AAAAAAAA",
        f"{good.rsplit('.', 1)[0]}.",
    ]
    for each in wrong:
        with first.client(each) as caller:
            refused = caller.get("/v1/dictionaries")
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    log = Path(first.data).with_suffix(".log").read_text("utf-8")
    assert not any(part in log for each in (good, *wrong) for part in each.split(".") if part)


def test_the_audit_says_who_was_turned_away_and_where(first: Running, settings: dict[str, str]) -> None:
    """401, 403, 429 and the 404 of a dictionary that is not granted are counted by key and route, without a name."""
    with first.client() as admin:
        dictionary = admin.get(f"/v1/dictionaries/{fresh_dictionary(admin)}").json()
        made = admin.post("/v1/keys", json={"role": "query", "scoped": True, "rate": f"3{FOR_LONG}"}).json()
    with running_service(first.data, first.key, **settings) as third, third.client(made["key"]) as caller:
        paths = [f"/v1/dictionaries/{dictionary['name']}", "/v1/keys", f"/v1/dictionaries/{dictionary['id']}/recall"]
        methods = ["GET", "GET", "POST"]
        statuses = [caller.request(*each).status_code for each in zip(methods, paths, strict=True)]
        assert [*statuses, caller.get("/v1/keys").status_code] == [404, 403, 404, 429]
        third.stop()
    with first.client() as admin:
        wanted = {"act": "denied", "by": made["info"]["id"]}
        entries = admin.get("/v1/audit", params=wanted).json()["entries"]
    denied = {(entry["details"]["route"], entry["details"]["status"], entry["details"]["count"]) for entry in entries}
    assert denied == {
        ("/v1/dictionaries/{}", 404, 1),
        ("/v1/dictionaries/{}/recall", 404, 1),
        ("/v1/keys", 403, 1),
        ("/v1/keys", 429, 1),
    }
