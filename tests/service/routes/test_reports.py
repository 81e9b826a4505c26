"""A report ordered over HTTP: the pilot runs as a process and asks this very service."""

from pathlib import Path

import httpx

from tests.running import Running, fresh_dictionary, train, wait

PARTS = Path(__file__).parents[3] / "sample_dictionaries" / "parts.csv"


def test_a_report_is_written_and_leaves_no_key_behind(service: Running, api: httpx.Client) -> None:
    """Its three drawings can be read, its key is revoked, the exported facts do not stay on the disk, and it goes with
    its dictionary.
    """
    dictionary = fresh_dictionary(api, PARTS.read_text(encoding="utf-8"))
    memory = train(api, dictionary)["memory"]
    queued = api.post(f"/v1/dictionaries/{dictionary}/reports", json={"lang": "ja"})
    assert queued.status_code == 202
    job = wait(api, queued.json()["id"])
    assert (job["state"], job["memory"]) == ("succeeded", memory), job
    report = f"/v1/reports/{job['result']['report']}"
    document = api.get(f"{report}.json").json()
    assert document["memory"]["id"] == memory
    assert {check["id"] for check in document["checks"]} >= {"recall", "retention", "deletion", "rollback", "privacy"}
    names = [held["name"] for held in api.get("/v1/dictionaries").json()["dictionaries"]]
    assert not any(name.startswith("pilot scratch") for name in names)
    assert api.get(f"{report}.html").text.startswith("<!")
    assert "<testsuite" in api.get(f"{report}.junit.xml").text
    assert not (service.data / "reports" / job["id"] / "facts.csv").exists()
    keys = [key for key in api.get("/v1/keys").json()["keys"] if key["label"] == "report"]
    assert keys
    assert all(key["revoked_at"] for key in keys)
    assert api.delete(f"/v1/dictionaries/{dictionary}").status_code == 204
    assert api.get(f"{report}.json").status_code == 404
    assert not (service.data / "reports" / job["id"]).exists()


def test_a_report_needs_a_memory(api: httpx.Client) -> None:
    """Without a champion it is 409, with an unknown memory 404, with alias and memory both 422."""
    url = f"/v1/dictionaries/{fresh_dictionary(api)}/reports"
    bodies: tuple[dict[str, str], ...] = ({}, {"memory": "none"}, {"alias": "none"}, {"alias": "a", "memory": "b"})
    replies = [api.post(url, json=body) for body in bodies]
    assert [reply.status_code for reply in replies] == [409, 404, 404, 422]
    assert [replies[0].json()["code"], replies[3].json()["code"]] == ["no_memory", "alias_and_memory"]


def test_a_report_needs_facts(api: httpx.Client) -> None:
    """A memory whose facts have all been deleted has nothing to be judged by: 422, at once."""
    dictionary = fresh_dictionary(api, "subject,relation,answer\na,r,1\n")
    train(api, dictionary)
    gone = {"delete": [{"subject": "a", "relation": "r"}]}
    assert api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=gone).status_code == 200
    refused = api.post(f"/v1/dictionaries/{dictionary}/reports", json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "no_usable_row")
