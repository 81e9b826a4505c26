"""Ready means able to answer."""

import httpx

from tests.running import Running, fresh_dictionary, train, wait


def test_a_damaged_champion_is_refused_and_heals_at_once(service: Running, api: httpx.Client) -> None:
    """One changed byte of a stored memory: no recall, and a reply that names the job that rebuilds it; when that has
    ended, the memory answers again.
    """
    dictionary = fresh_dictionary(api, "subject,relation,answer\na,r,1\n")
    memory = train(api, dictionary)["memory"]
    file = max((service.data / "memories" / memory).glob("*.safetensors"), key=lambda path: path.stat().st_size)
    stored = bytearray(file.read_bytes())
    stored[-1] ^= 1
    file.write_bytes(stored)
    recall, pair = f"/v1/dictionaries/{dictionary}/recall", {"subject": "a", "relation": "r"}
    refused = api.post(recall, json=pair)
    assert (refused.status_code, refused.json()["code"]) == (503, "memory_mismatch")
    assert (refused.headers["retry-after"], refused.json()["extra"]["memory"]) == ("5", memory)
    healed = wait(api, refused.json()["extra"]["job"])
    assert (healed["state"], healed["result"]["rebuilt"]) == ("succeeded", [memory])
    assert api.post(recall, json=pair).json()["answers"] == ["1"]
    assert api.get("/readyz").status_code == 200


def test_what_cannot_be_healed_is_said_and_not_tried_again(service: Running, api: httpx.Client) -> None:
    """Without its secret a memory is neither ready nor answered, each with its code, and the rest goes on; it is not
    rebuilt in vain with every question.
    """
    dictionary = fresh_dictionary(api, "subject,relation,answer\na,r,1\n")
    train(api, dictionary)
    secret = service.data / "secrets" / dictionary
    kept = secret.read_bytes()
    secret.unlink()
    recall, pair = f"/v1/dictionaries/{dictionary}/recall", {"subject": "a", "relation": "r"}
    refused = api.post(recall, json=pair)
    assert (refused.status_code, refused.json()["code"]) == (503, "memory_mismatch")
    assert wait(api, refused.json()["extra"]["job"])["state"] == "failed"
    again = api.post(recall, json=pair).json()
    assert (again["code"], again["extra"]["job"]) == ("memory_mismatch", None)
    assert "backup" in again["detail"]
    ready = api.get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "unavailable")
    assert api.get("/livez").status_code == 200
    secret.write_bytes(kept)
    assert api.post(recall, json=pair).json()["answers"] == ["1"]
    assert api.delete(f"/v1/dictionaries/{dictionary}").status_code == 204
    assert api.get("/readyz").status_code == 200


def test_deleting_a_dictionary_shreds_its_secret_and_memories(service: Running, api: httpx.Client) -> None:
    """Secret and weights leave the disk; the secret was readable by its owner alone."""
    dictionary = fresh_dictionary(api, "subject,relation,answer\na,r,1\n")
    memory = train(api, dictionary)["memory"]
    secret = service.data / "secrets" / dictionary
    assert (len(secret.read_bytes()), secret.stat().st_mode & 0o777) == (32, 0o600)
    api.delete(f"/v1/dictionaries/{dictionary}")
    assert not secret.exists()
    assert not (service.data / "memories" / memory).exists()
    assert api.get(f"/v1/memories/{memory}").status_code == 404
    gone = api.post(f"/v1/dictionaries/{dictionary}/recall", json={"subject": "a", "relation": "r"})
    assert gone.status_code == 404


def test_metrics_count_and_name_nobody(api: httpx.Client) -> None:
    """Requests by route template and status, jobs by state; no dictionary's id or name."""
    dictionary = fresh_dictionary(api)
    api.get(f"/v1/dictionaries/{dictionary}")
    metrics = api.get("/metrics").text
    assert 'factstore_requests_total{method="GET",route="/v1/dictionaries/{dictionary}",status="200"}' in metrics
    assert 'factstore_jobs{state="queued"}' in metrics
    assert dictionary not in metrics


def test_the_log_holds_no_names(service: Running, api: httpx.Client) -> None:
    """A dictionary's name in a URL, a query string and the facts of an upload leave no trace in the log."""
    name = "confidential merger"
    api.post("/v1/dictionaries", json={"name": name})
    api.get(f"/v1/dictionaries/{name}")
    fresh_dictionary(api, "subject,relation,answer\nproject alpaca,partner,nobody must know\n", header="auto")
    log = service.data.with_suffix(".log").read_text()
    assert "/v1/dictionaries/{dictionary}" in log
    for secret in ("confidential", "alpaca", "nobody", "header=auto"):
        assert secret not in log
