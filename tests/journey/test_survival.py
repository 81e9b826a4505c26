"""Whichever process is killed, acknowledged changes stay, jobs are resumed, and no incomplete memory is ever seen."""

import os
import signal
from pathlib import Path

import httpx

from tests.running import Running, fresh_dictionary, hold_before_publication, running_service, train, upload, wait

FEW = "subject,relation,answer\na,r,1\nb,r,2\n"
ASKED = {"subject": "b", "relation": "r"}
MANY = 300
TABLE = "subject,relation,answer\n" + "".join(f"item {row},r{row % 7},value {row * 7919 % 53}\n" for row in range(MANY))


def test_a_killed_worker_s_job_is_taken_up_again(service: Running, api: httpx.Client) -> None:
    """Kill -9 when a memory is whole but not published: another worker takes the job, none of the killed one's work is
    seen, and the champion answers all the while.
    """
    dictionary = fresh_dictionary(api, FEW)
    recall, first = f"/v1/dictionaries/{dictionary}/recall", train(api, dictionary)["memory"]
    upload(api, dictionary, TABLE)
    with hold_before_publication(service.data) as reached:
        job = api.post(f"/v1/dictionaries/{dictionary}/memories").json()["id"]
        reached()
        os.kill(service.worker, signal.SIGKILL)
    assert api.post(recall, json=ASKED).json()["memory"] == first
    ended = wait(api, job)
    assert (ended["state"], ended["attempts"], ended["result"]["right"]) == ("succeeded", 2, MANY + 2)
    assert api.post(recall, json=ASKED).json()["memory"] == ended["memory"]
    memories = {memory["id"] for memory in api.get(f"/v1/dictionaries/{dictionary}/memories").json()["memories"]}
    assert memories == {first, ended["memory"]}


def test_a_killed_service_goes_on_where_it_was(tmp_path: Path) -> None:
    """Kill -9 of the whole service: after a restart it has the same key and receipts, answers the same, takes up the
    job that was under way, and has swept what the killed worker left.
    """
    data = tmp_path / "data"
    with running_service(data, "", max_upload_bytes="3000000") as running:
        key_file = data / "bootstrap.key"
        assert key_file.stat().st_mode & 0o777 == 0o600
        key = key_file.read_text().strip()
        with running.client(key) as api:
            dictionary = fresh_dictionary(api, FEW)
            url, once = f"/v1/dictionaries/{dictionary}/uploads", {"Idempotency-Key": "once"}
            answer = ask(api, dictionary, train(api, dictionary)["memory"])
            receipt = api.post(url, content=TABLE, headers=once).json()
            refuse_too_large(api, url, data)
            with hold_before_publication(data) as reached:
                job = api.post(f"/v1/dictionaries/{dictionary}/memories", json={"recipe": {"seed": 1}}).json()["id"]
                reached()
                worker = running.worker
                running.stop(signal.SIGKILL)
                os.kill(worker, signal.SIGKILL)
    (data / "memories" / ".mem_half.written").mkdir()
    with running_service(data, "") as running, running.client(key) as api:
        assert api.post(url, content=TABLE, headers=once).json() == receipt
        assert ask(api, dictionary, answer["memory"]) == answer
        ended = wait(api, job)
        assert (ended["state"], ended["attempts"]) == ("succeeded", 2)
        assert {folder.name for folder in (data / "memories").iterdir()} == {answer["memory"], ended["memory"]}
        assert running.stop() == 0


def ask(api: httpx.Client, dictionary: str, memory: object) -> dict[str, object]:
    reply: dict[str, object] = api.post(f"/v1/dictionaries/{dictionary}/recall", json=ASKED | {"memory": memory}).json()
    assert reply["status"] == "answered"
    return reply


def refuse_too_large(api: httpx.Client, url: str, data: Path) -> None:
    """413 past the cap, announced or not, and nothing of the body stays."""
    for sent in (b"x" * 3_000_001, iter([b"x" * 2_000_000] * 2)):
        reply = api.post(url, content=sent)
        assert (reply.status_code, reply.json()["code"]) == (413, "too_large")
    assert list((data / "spool").iterdir()) == []
