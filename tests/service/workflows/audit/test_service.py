"""The audit chain of a running service: what happens leaves entries, and they can be searched and verified."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.storage import Database, audit
from tests.running import PATIENCE, Running, fresh_dictionary, running_service, train, upload

FACTS = "subject,relation,answer\nＰＡＲＴ-0042,標準梱包数,ZWANZIG-24\nPART-0043,標準梱包数,36\n"
PAIR = {"subject": "PART-0043", "relation": "標準梱包数"}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose chain holds what these tests do, and nothing else."""
    with running_service(tmp_path_factory.mktemp("audited") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def admin(own: Running) -> Iterator[httpx.Client]:
    with own.client() as client:
        yield client


@pytest.fixture(scope="module")
def taught(admin: httpx.Client) -> str:
    """A dictionary with a champion."""
    dictionary = fresh_dictionary(admin, FACTS)
    assert train(admin, dictionary)["state"] == "succeeded"
    return dictionary


def entries(api: httpx.Client, **wanted: str) -> list[dict[str, Any]]:
    """Newest first."""
    reply = api.get("/v1/audit", params=wanted)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["entries"]
    return found


def awaited(api: httpx.Client, count: int, **wanted: str) -> list[dict[str, Any]]:
    """The entries, once there are as many: recalls are written beside the requests."""
    deadline = time.monotonic() + PATIENCE
    while len(found := entries(api, **wanted)) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def recall(api: httpx.Client, dictionary: str, *queries: dict[str, str]) -> None:
    reply = api.post(f"/v1/dictionaries/{dictionary}/recall:batch", json={"queries": queries})
    assert reply.status_code == 200, reply.text


def verify(own: Running, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "service", "audit", "verify", "--data", str(own.data), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_is_done_leaves_entries(admin: httpx.Client, taught: str) -> None:
    """Dictionary, upload, training and publishing, each with who did it and to what."""
    done = entries(admin, dictionary=taught)[::-1]
    assert [entry["act"] for entry in done[:4]] == ["dictionary", "upload", "train", "publish"]
    assert {entry["by"] for entry in done[:4]} == {"bootstrap"}
    assert done[1]["details"]["created"] == 2
    assert done[2]["memory"] == done[3]["memory"] == admin.get(f"/v1/dictionaries/{taught}").json()["champion"]


def test_a_pair_is_found_by_its_other_names_until_it_is_purged(admin: httpx.Client) -> None:
    """By an alias, by the real name of a subject that is stored under a pseudonym, and by the pseudonym; all proven, as
    nothing else was answered. After a purge by the real name none of them finds an entry.
    """
    dictionary = fresh_dictionary(admin)
    path = f"/v1/dictionaries/{dictionary}"
    policies = {"policies": [], "subjects": "pseudonymise", "reason": "no names"}
    assert admin.put(f"{path}/policies", json=policies).status_code == 200
    upload(admin, dictionary, FACTS)
    assert train(admin, dictionary)["state"] == "succeeded"
    alias = {"kind": "relation", "alias": "SPQ", "name": PAIR["relation"]}
    assert admin.put(f"{path}/names", json={"aliases": [alias]}).status_code == 200
    by_alias = PAIR | {"relation": "SPQ"}
    recall(admin, dictionary, PAIR)
    recall(admin, dictionary, by_alias)
    awaited(admin, 1, act="recall", dictionary=dictionary)
    resolved = admin.post(f"{path}/policies/pseudonyms:resolve", json={"texts": [PAIR["subject"]]}).json()
    stored = PAIR | {"subject": resolved["pseudonyms"][0]}

    def search(pair: dict[str, str]) -> list[dict[str, Any]]:
        found = admin.post("/v1/audit:search", json={"dictionary": dictionary, **pair}).json()["entries"]
        return [entry for entry in found if entry["act"] == "recall"]

    for hit in [*search(PAIR), *search(by_alias)]:
        assert (hit["answer"]["answers"], hit["answer"]["proven"], hit["source"]["line"]) == (["36"], True, 3)
    assert search(PAIR) == search(by_alias) != []
    purged = admin.post(f"{path}/facts:purge", json={"subject": PAIR["subject"], "reason": "asked for"})
    assert purged.status_code == 202, purged.text
    assert [search(pair) for pair in (PAIR, by_alias, stored)] == [[], [], []]


def test_other_names_leave_entries(admin: httpx.Client, taught: str) -> None:
    """Set and taken away: they change what is answered. The entry counts them and names none."""
    names = f"/v1/dictionaries/{taught}/names"
    alias = {"kind": "relation", "alias": "SPQ", "name": "標準梱包数"}
    assert admin.put(names, json={"aliases": [alias]}).status_code == 200
    assert admin.delete(names).status_code == 204
    removed, put = entries(admin, act="names", dictionary=taught)
    assert (put["details"]["aliases"], removed["details"]["aliases"], "SPQ" in json.dumps(put)) == (1, 0, False)


def test_keys_leave_entries(admin: httpx.Client) -> None:
    """Made and revoked, by the key that did it; the new key itself is in no entry."""
    made = admin.post("/v1/keys", json={"role": "query"}).json()
    admin.delete(f"/v1/keys/{made['info']['id']}")
    told = entries(admin, act="key")
    assert len(told) >= 2
    assert all(made["info"]["id"] in json.dumps(entry["details"]) for entry in told[:2])
    assert made["key"] not in json.dumps(told)


def test_what_was_answered_that_day_is_one_query(admin: httpx.Client, taught: str) -> None:
    """Answer, version, and the line of the upload that taught it, proven by the entry's commitment."""
    before = len(entries(admin, act="recall", dictionary=taught))
    recall(admin, taught, PAIR, {"subject": "PART-0099", "relation": "標準梱包数"})
    day = awaited(admin, before + 1, act="recall", dictionary=taught)[0]["at"][: len("2026-12-01")]
    found = admin.post("/v1/audit:search", json={"dictionary": taught, "day": day, **PAIR}).json()
    hit = next(each for each in found["entries"] if each["act"] == "recall")
    assert hit["answer"] == {"status": "answered", "answers": ["36"], "proven": True}
    assert hit["memory"] == admin.get(f"/v1/dictionaries/{taught}").json()["champion"]
    receipts = admin.get(f"/v1/dictionaries/{taught}/uploads").json()["uploads"]
    assert hit["source"] == {"upload": receipts[0]["id"], "line": 3, "by": "bootstrap", "ledger_version": 1}
    unknown = {"subject": "PART-0099", "relation": "標準梱包数"}
    [hit] = admin.post("/v1/audit:search", json={"dictionary": taught, **unknown}).json()["entries"]
    assert hit["answer"] == {"status": "unknown", "answers": [], "proven": True}
    never = {"subject": "PART-0043", "relation": "never asked"}
    assert admin.post("/v1/audit:search", json={"dictionary": taught, **never}).json()["entries"] == []
    other_day = {"dictionary": taught, "day": "2020-02-29", **PAIR}
    assert admin.post("/v1/audit:search", json=other_day).json()["entries"] == []


def test_a_batch_is_one_entry_and_so_are_single_recalls_of_a_second(admin: httpx.Client, taught: str) -> None:
    """Every recall is counted, and its rows are committed to."""
    before = len(entries(admin, act="recall", dictionary=taught))
    recall(admin, taught, *[PAIR] * 25)
    [batch, *_] = awaited(admin, before + 1, act="recall", dictionary=taught)
    assert (batch["details"]["asked"], batch["details"]["answered"], batch["committed"]) == (25, 25, 25)
    for _ in range(10):
        admin.post(f"/v1/dictionaries/{taught}/recall", json=PAIR)
    deadline = time.monotonic() + PATIENCE
    asked = 0
    while asked < 10 and time.monotonic() < deadline:
        told = entries(admin, act="recall", dictionary=taught)
        asked = sum(entry["details"]["asked"] for entry in told[: len(told) - before - 1])
    assert asked == 10


def test_no_name_is_in_the_table(own: Running, admin: httpx.Client) -> None:
    """Neither subjects nor relations nor answers: once the dictionary is deleted no file of the database has them."""
    secret = {"subject": "GEHEIMTEIL-7", "relation": "vertraulich"}
    dictionary = fresh_dictionary(admin, "subject,relation,answer\nGEHEIMTEIL-7,vertraulich,ANTWORT-99\n")
    assert train(admin, dictionary)["state"] == "succeeded"
    recall(admin, dictionary, secret, secret)
    assert awaited(admin, 1, act="recall", dictionary=dictionary)
    listed = json.dumps(entries(admin, dictionary=dictionary))
    assert admin.delete(f"/v1/dictionaries/{dictionary}").status_code == 204
    for file in own.data.glob("factstore.db*"):
        for name in (b"GEHEIMTEIL", b"vertraulich", b"ANTWORT-99"):
            assert name not in file.read_bytes()
            assert name.decode() not in listed
    assert admin.post("/v1/audit:verify").json()["valid"]


def test_denials_are_counted_together(tmp_path: Path) -> None:
    """One entry for each key, route and status; written at the latest when the service stops, without any name."""
    with running_service(tmp_path / "data") as running:
        with running.client() as admin:
            key = admin.post("/v1/keys", json={"role": "query"}).json()
        with running.client(key["key"]) as caller:
            for _ in range(3):
                assert caller.get("/v1/keys").status_code == 403
        with running.client("not-a-key-at-all-but-a-password") as stranger:
            for _ in range(2):
                assert stranger.get("/v1/dictionaries/A%20NAME/uploads").status_code == 401
        assert running.stop() == 0
    db = Database(f"sqlite:///{running.data / 'factstore.db'}")
    with db.reading() as tx:
        denied = audit.read_page(tx, audit.EntryFilter(act="denied"), None, 10)
    db.close()
    told = {(entry.by, *json.loads(entry.details).values()) for entry in denied}
    assert told == {(key["info"]["id"], 3, "/v1/keys", 403), ("unknown", 2, "/v1/dictionaries/{}/uploads", 401)}


def test_the_chain_is_verified_over_http_and_on_the_command_line(own: Running, admin: httpx.Client) -> None:
    """Both agree. The head is given as a file or as JSON; one from elsewhere is exit code 1."""
    head = admin.get("/v1/audit/head").json()
    file = own.data.parent / "head.json"
    file.write_text(json.dumps(head), encoding="utf-8")
    upload(admin, fresh_dictionary(admin), "subject,relation,answer\nPART-0044,標準梱包数,12\n")
    verdict = admin.post("/v1/audit:verify", json={"head": head}).json()
    assert verdict["valid"]
    assert verdict["last"] >= head["entries"]
    held = verify(own, "--head", str(file))
    assert (held.returncode, held.stderr) == (0, ""), held.stdout
    forged = verify(own, "--head", json.dumps(head | {"entries": 1}))
    assert forged.returncode == 1
    assert "not exported by this service" in forged.stdout


def test_only_admins_and_auditors_read_it(admin: httpx.Client, own: Running) -> None:
    """Every other role is 403 on every route of the chain."""
    for role, expected in (("audit", 200), ("query", 403), ("ingest", 403)):
        key = admin.post("/v1/keys", json={"role": role}).json()["key"]
        with own.client(key) as caller:
            replies = [caller.get("/v1/audit"), caller.get("/v1/audit/head"), caller.post("/v1/audit:verify")]
            assert {reply.status_code for reply in replies} == {expected}


def test_entries_are_paged_and_filtered(admin: httpx.Client, taught: str) -> None:
    """Newest first, without a gap between pages; a time and an act narrow them."""
    pages: list[list[int]] = []
    cursor = None
    while cursor is not None or not pages:
        reply = admin.get("/v1/audit", params={"limit": 5} | ({"cursor": cursor} if cursor else {})).json()
        pages.append([entry["number"] for entry in reply["entries"]])
        cursor = reply["cursor"]
    numbers = [number for page in pages for number in page]
    assert numbers == list(range(numbers[0], 0, -1))
    assert {entry["act"] for entry in entries(admin, act="upload", dictionary=taught)} == {"upload"}
    assert entries(admin, until="2020-01-01T00:00:00") == []
    assert len(entries(admin, since="2020-01-01T00:00:00", act="train", dictionary=taught)) == 1
    assert admin.get("/v1/audit", params={"cursor": "x"}).status_code == 422
