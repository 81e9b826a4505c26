"""Training, cancelling, publishing, aliases: memories over HTTP."""

import sqlite3
import time
from contextlib import closing

import httpx

from tests.running import Running, fresh_dictionary, hold_before_publication, train, wait

FEW = "subject,relation,answer\na,r,1\nb,r,2\n"


def test_a_training_publishes_what_it_verified(api: httpx.Client) -> None:
    """The job names the memory, the memory its figures and alias, and a recall is answered by it at once."""
    dictionary = fresh_dictionary(api, FEW)
    queued = api.post(f"/v1/dictionaries/{dictionary}/memories", json={"recipe": {"seed": 7}})
    assert queued.headers["location"] == f"/v1/jobs/{queued.json()['id']}"
    job = wait(api, queued.json()["id"])
    recalled = api.post(f"/v1/dictionaries/{dictionary}/recall", json={"subject": "b", "relation": "r"}).json()
    assert (recalled["answers"], recalled["memory"]) == (["2"], job["memory"])
    memory = api.get(f"/v1/memories/{job['memory']}").json()
    assert (memory["facts"], memory["pairs"], memory["aliases"], memory["ledger_version"]) == (2, 2, ["champion"], 1)
    assert memory["recipe"]["seed"] == 7
    assert api.get(f"/v1/dictionaries/{dictionary}/memories").json()["memories"] == [memory]


def test_publish_null_moves_no_alias(api: httpx.Client) -> None:
    """The memory can be asked by its id, the champion stays what it was: none."""
    dictionary = fresh_dictionary(api, FEW)
    job = train(api, dictionary, publish=None)
    url, query = f"/v1/dictionaries/{dictionary}/recall", {"subject": "a", "relation": "r"}
    assert api.post(url, json=query).json()["code"] == "no_memory"
    assert api.post(url, json=query | {"memory": job["memory"]}).json()["answers"] == ["1"]


def test_what_cannot_be_trained_is_refused_when_ordered(api: httpx.Client) -> None:
    """A wrong recipe, a wrong alias and an empty ledger are problems of the request, not failed jobs."""
    dictionary = fresh_dictionary(api, FEW)
    cases = (
        ({"recipe": {"profile": "huge"}}, "recipe_invalid"),
        ({"recipe": {"heads": 1}}, "recipe_invalid"),
        ({"recipe": {"d_model": 33}}, "recipe_invalid"),
        ({"recipe": {"mlp_width": 8}}, "recipe_invalid"),
        ({"recipe": {"block_facts": 1024}}, "recipe_invalid"),
        ({"recipe": {"solver": "gradient", "weight_bits": 4}}, "recipe_invalid"),
        ({"publish": "a/b"}, "invalid_request"),
    )
    for body, code in cases:
        reply = api.post(f"/v1/dictionaries/{dictionary}/memories", json=body)
        assert (reply.status_code, reply.json()["code"]) == (422, code)
    empty = api.post(f"/v1/dictionaries/{fresh_dictionary(api)}/memories")
    assert (empty.status_code, empty.json()["code"]) == (422, "no_usable_row")


def test_a_repeated_order_is_one_job(api: httpx.Client) -> None:
    """The same Idempotency-Key trains once."""
    dictionary = fresh_dictionary(api, FEW)
    url, headers = f"/v1/dictionaries/{dictionary}/memories", {"Idempotency-Key": "train-once"}
    first, second = (api.post(url, json={}, headers=headers).json()["id"] for _ in range(2))
    assert first == second
    other = api.post(url, json={"publish": None}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    wait(api, first)


def lease_of(service: Running, job: str) -> str:
    """Until when the worker holds the job."""
    with closing(sqlite3.connect(service.data / "factstore.db", timeout=60)) as database:
        [until] = database.execute("SELECT lease_until FROM jobs WHERE id = ?", (job,)).fetchone()
    return str(until)


def test_a_cancelled_training_publishes_nothing(service: Running, api: httpx.Client) -> None:
    """Queued, or running and nearly done, it ends as cancelled with a coded problem and leaves no memory."""
    dictionary = fresh_dictionary(api, FEW)
    url = f"/v1/dictionaries/{dictionary}/memories"
    with hold_before_publication(service.data) as reached:
        running, queued = (api.post(url).json()["id"] for _ in range(2))
        assert api.delete(f"/v1/jobs/{queued}").json()["state"] == "cancelled"
        reached()
        api.delete(f"/v1/jobs/{running}")
        for _ in range(2):  # the worker looks up when it renews its lease
            lease = lease_of(service, running)
            while lease_of(service, running) == lease:
                time.sleep(0.02)
    ended = wait(api, running)
    assert (ended["state"], ended["problem"]["code"], ended["memory"]) == ("cancelled", "cancelled", None)
    assert api.get(url).json()["memories"] == []


def test_an_alias_moves_only_for_who_saw_where_it_was(api: httpx.Client) -> None:
    """A stale If-Match is 412; the history tells every move, by whom and why; another dictionary's memory is 404."""
    dictionary = fresh_dictionary(api, FEW)
    first, second = (train(api, dictionary, recipe={"seed": seed})["memory"] for seed in (1, 2))
    url = f"/v1/dictionaries/{dictionary}/aliases/champion"
    tag = api.get(url).headers["etag"]
    body = {"memory": first, "reason": "the older was better"}
    moved = api.put(url, json=body, headers={"If-Match": tag})
    assert (moved.status_code, moved.json()["memory"]) == (200, first)
    assert api.put(url, json=body, headers={"If-Match": tag}).json()["code"] == "precondition_failed"
    query = {"subject": "a", "relation": "r"}
    assert api.post(f"/v1/dictionaries/{dictionary}/recall", json=query).json()["memory"] == first
    events = api.get(f"{url}/history").json()["events"]
    assert [(event["memory"], event["previous"]) for event in events] == [
        (first, second),
        (second, first),
        (first, None),
    ]
    assert (events[0]["by"], events[0]["reason"]) == ("bootstrap", "the older was better")
    elsewhere = fresh_dictionary(api)
    assert api.put(f"/v1/dictionaries/{elsewhere}/aliases/x", json=body).status_code == 404


def test_a_verification_counts_the_memory_s_own_version(api: httpx.Client) -> None:
    """Facts that came later are not asked; every pair of the memory's ledger version is."""
    dictionary = fresh_dictionary(api, FEW)
    memory = train(api, dictionary)["memory"]
    api.post(f"/v1/dictionaries/{dictionary}/uploads", content="subject,relation,answer\nz,r,9\na,r,5\n")
    job = wait(api, api.post(f"/v1/memories/{memory}/verifications").json()["id"])
    counted = job["result"]
    assert [counted[name] for name in ("asked", "right", "wrong", "abstained", "failing")] == [2, 2, 0, 0, []]
