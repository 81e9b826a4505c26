"""Edits over HTTP: what the contract says of facts:batch, of uploads that are edits, and of versions."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import fresh_dictionary, running_service, train, upload, wait

FACTS = "subject,relation,answer\n" + "".join(f"PART-{n},{r},{r} {n % 5}\n" for n in range(60) for r in ("a", "b"))


@pytest.fixture
def dictionary(api: httpx.Client) -> str:
    """A dictionary with a champion."""
    made = fresh_dictionary(api, FACTS)
    assert train(api, made)["state"] == "succeeded"
    return made


def edit(api: httpx.Client, dictionary: str, headers: dict[str, str] | None = None, **batch: Any) -> httpx.Response:
    return api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=batch, headers=headers)


def put(subject: str, answer: str, relation: str = "a") -> dict[str, str]:
    return {"subject": subject, "relation": relation, "answer": answer}


def recall(api: httpx.Client, dictionary: str, subject: str, relation: str = "a", **more: Any) -> dict[str, Any]:
    asked = {"subject": subject, "relation": relation, **more}
    reply: dict[str, Any] = api.post(f"/v1/dictionaries/{dictionary}/recall", json=asked).json()
    return reply


def test_a_reply_means_that_the_edit_is_served(api: httpx.Client, dictionary: str) -> None:
    """An edit is 200 with the result of each item in order, the ledger version as ETag, and a memory that answers at
    once; the version before answers as before.
    """
    before = recall(api, dictionary, "PART-0")["memory"]
    sent = edit(api, dictionary, upsert=[put(" PART-0", "new"), put("X", "x")], delete=[put_pair("PART-1")])
    assert (sent.status_code, sent.headers["etag"]) == (200, '"2"')
    reply = sent.json()
    assert [(each["op"], each["subject"], each["status"]) for each in reply["results"]] == [
        ("upsert", "PART-0", "updated"),
        ("upsert", "X", "created"),
        ("delete", "PART-1", "deleted"),
    ]
    assert (reply["ledger_version"], reply["job"]) == (2, None)
    answer = recall(api, dictionary, "PART-0", compare=True)
    assert (answer["answers"], answer["memory"]) == (["new"], reply["memory"])
    assert (answer["ledger"]["agrees"], answer["ledger"]["line"]) == (True, 1)
    assert answer["ledger"]["upload"].startswith("edt_")
    assert recall(api, dictionary, "PART-1")["status"] == "unknown"
    assert recall(api, dictionary, "PART-0", memory=before)["answers"] == ["a 0"]


def put_pair(subject: str, relation: str = "a") -> dict[str, str]:
    return {"subject": subject, "relation": relation}


def test_versions_know_where_they_come_from(api: httpx.Client, dictionary: str) -> None:
    """A version names its parent and lineage, carries the resolved recipe of its lineage, and can be verified."""
    first = recall(api, dictionary, "PART-0")["memory"]
    memory = edit(api, dictionary, upsert=[{**put_pair("PART-0"), "answers": ["1", "2", "1"]}]).json()["memory"]
    info, parent = (api.get(f"/v1/memories/{each}").json() for each in (memory, first))
    assert (info["parent"], info["lineage"], info["retained"], info["aliases"]) == (first, first, True, ["champion"])
    assert info["recipe"] == parent["recipe"]
    assert (info["facts"], info["pairs"]) == (121, 120)
    job = wait(api, api.post(f"/v1/memories/{memory}/verifications").json()["id"])
    assert (job["result"]["asked"], job["result"]["right"]) == (120, 120)
    listed = api.get(f"/v1/dictionaries/{dictionary}/memories").json()["memories"]
    assert [each["id"] for each in listed] == [memory, first]


def test_what_is_no_fact_is_refused_whole(api: httpx.Client, dictionary: str) -> None:
    """422 that names the item, for blank names, two kinds of answers, a pair named twice; an empty batch; other fields;
    half a surrogate.
    """
    fine = put("NEW", "1")
    for wrong in (put(" ", "1"), {**fine, "answers": ["1"]}, put("NEW ", "2"), put("y", "")):
        sent = edit(api, dictionary, upsert=[fine, wrong])
        assert (sent.status_code, sent.json()["extra"]) == (422, {"op": "upsert", "index": 1}), sent.text
    assert edit(api, dictionary).status_code == 422
    assert edit(api, dictionary, upsert=[{**fine, "line": 1}]).status_code == 422
    half = b'{"upsert":[{"subject":"\\ud800","relation":"a","answer":"1"}]}'
    kind = {"content-type": "application/json"}
    assert api.post(f"/v1/dictionaries/{dictionary}/facts:batch", content=half, headers=kind).status_code == 422
    assert recall(api, dictionary, "NEW")["status"] == "unknown"


def test_retries_and_races_are_told_apart(api: httpx.Client, dictionary: str) -> None:
    """The same Idempotency-Key gets the same reply and edits once; If-Match refuses a ledger that has moved: 412."""
    once = {"Idempotency-Key": "once", "If-Match": '"1"'}
    first, again = (edit(api, dictionary, once, upsert=[put("PART-0", "1")]) for _ in range(2))
    assert first.json() == again.json()
    moved = edit(api, dictionary, {"If-Match": '"1"'}, upsert=[put("PART-0", "2")])
    assert (moved.status_code, moved.json()["code"]) == (412, "precondition_failed")
    reused = edit(api, dictionary, once, upsert=[put("PART-0", "2")])
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")


def test_an_edit_without_room_is_a_job(api: httpx.Client, dictionary: str) -> None:
    """An edit without room is 202 with the job and its Location; the old version answers until the training ends."""
    sent = edit(api, dictionary, upsert=[put("PART-0", "red", "colour")])
    reply = sent.json()
    assert (sent.status_code, sent.headers["location"]) == (202, f"/v1/jobs/{reply['id']}")
    assert (reply["results"][0]["status"], reply["ledger_version"], reply["kind"]) == ("created", 2, "train")
    assert wait(api, reply["id"])["state"] == "succeeded"
    assert recall(api, dictionary, "PART-0", "colour")["answers"] == ["red"]


def test_a_small_upload_needs_no_training(api: httpx.Client, dictionary: str) -> None:
    """The receipt names the memory that serves it, which answers at once; edits are not listed as uploads."""
    receipt = upload(api, dictionary, "subject,relation,answer\nPART-0,a,new\n").json()
    answer = recall(api, dictionary, "PART-0")
    assert (answer["answers"], answer["memory"]) == (["new"], receipt["memory"])
    edit(api, dictionary, upsert=[put("PART-0", "newer")])
    uploads = api.get(f"/v1/dictionaries/{dictionary}/uploads").json()["uploads"]
    assert [each["memory"] for each in uploads] == [receipt["memory"], None]


def test_edited_versions_outlive_a_restart(tmp_path: Path) -> None:
    """A service that starts again serves the edited version, the one before it, and takes the next edit."""
    data = tmp_path / "data"
    with running_service(data) as service, service.client() as api:
        dictionary = fresh_dictionary(api, FACTS)
        first = train(api, dictionary)["memory"]
        edited = [edit(api, dictionary, upsert=[put("PART-0", f"v{n}")]).json()["memory"] for n in range(3)]
    with running_service(data, service.key) as service, service.client() as api:
        assert recall(api, dictionary, "PART-0")["memory"] == edited[-1]
        for memory, answer in ((first, "a 0"), (edited[0], "v0"), (edited[2], "v2")):
            assert recall(api, dictionary, "PART-0", memory=memory)["answers"] == [answer]
        after = edit(api, dictionary, upsert=[put("PART-0", "after")]).json()["memory"]
        assert recall(api, dictionary, "PART-0") | {"margin": 0} == {
            **recall(api, dictionary, "PART-0", memory=after),
            "margin": 0,
        }
