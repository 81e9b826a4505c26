"""Ready means able to answer."""

import httpx

from tests.running import Running, fresh_dictionary, train


def test_a_damaged_champion_is_neither_ready_nor_answered(service: Running, api: httpx.Client) -> None:
    """One changed byte of a stored memory: not ready, no recall, each with its code; the rest goes on."""
    dictionary = fresh_dictionary(api, "subject,relation,answer\na,r,1\n")
    memory = train(api, dictionary)["memory"]
    file = max((service.data / "memories" / memory).glob("*.safetensors"), key=lambda path: path.stat().st_size)
    stored = bytearray(file.read_bytes())
    stored[-1] ^= 1
    file.write_bytes(stored)
    recalled = api.post(f"/v1/dictionaries/{dictionary}/recall", json={"subject": "a", "relation": "r"})
    assert (recalled.status_code, recalled.json()["code"]) == (503, "memory_mismatch")
    ready = api.get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "unavailable")
    assert api.get("/livez").status_code == 200
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
