"""A copy of the facts that a report makes goes with the report, however that ends, and never outlives a purge."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import PATIENCE, Running, fresh_dictionary, list_children, running_service, train, wait

FACTS = "subject,relation,answer\n" + "".join(f"part {at},weight,{at % 17} g\n" for at in range(300))
PAIR = {"subject": "part 7", "relation": "weight"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with running_service(tmp_path / "data") as service:
        yield service


@contextmanager
def report_under_way(running: Running, api: httpx.Client) -> Iterator[tuple[str, str, str]]:
    """A dictionary, the job of its report, and the copy that the pilot has made and taught by now. The pilot stands
    still until the end of the block.
    """
    dictionary = fresh_dictionary(api, FACTS)
    train(api, dictionary)
    job = api.post(f"/v1/dictionaries/{dictionary}/reports", json={}).json()["id"]
    [copy] = until(lambda: [each for each in list_copies(api) if holds_the_facts(api, each)])
    [pilot] = list_children(running.worker)
    os.kill(pilot, signal.SIGSTOP)
    try:
        yield dictionary, job, str(copy["id"])
    finally:
        with suppress(ProcessLookupError):
            os.kill(pilot, signal.SIGCONT)


def holds_the_facts(api: httpx.Client, copy: dict[str, object]) -> bool:
    """Whether this is the copy that is changed; there are others, of other answers, for short."""
    if not copy["champion"]:
        return False
    pairs = range(10, 30)
    asked = {"subjects": [f"part {at}" for at in pairs], "relations": ["weight"] * len(pairs)}
    reply = api.post(f"/v1/dictionaries/{copy['id']}/recall:batch", json=asked)
    return reply.is_success and reply.json()["answers"] == [[f"{at % 17} g"] for at in pairs]


def list_copies(api: httpx.Client) -> list[dict[str, object]]:
    held: list[dict[str, object]] = api.get("/v1/dictionaries").json()["dictionaries"]
    return [each for each in held if str(each["name"]).startswith("pilot scratch")]


def until(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return seen


def count_valid_keys(api: httpx.Client) -> int:
    return sum(key["revoked_at"] is None for key in api.get("/v1/keys").json()["keys"])


def check_nothing_is_left(running: Running, api: httpx.Client, dictionary: str) -> None:
    """No copy, no key, and no folder or secret but those of the dictionary itself."""
    until(lambda: not list_copies(api) and not count_valid_keys(api))
    kept = {memory["id"] for memory in api.get(f"/v1/dictionaries/{dictionary}/memories").json()["memories"]}
    until(lambda: {folder.name for folder in (running.data / "memories").iterdir()} <= kept)
    secrets = {file.name for file in (running.data / "secrets").iterdir() if file.name.startswith("dic_")}
    assert secrets == {dictionary}


def test_a_purge_takes_the_copies_along(running: Running) -> None:
    """When it is answered the copy answers no more and is gone from the disk."""
    with running.client() as api:
        with report_under_way(running, api) as (dictionary, job, copy):
            assert api.post(f"/v1/dictionaries/{copy}/recall", json=PAIR).json()["status"] == "answered"
            folders = [memory["id"] for memory in api.get(f"/v1/dictionaries/{copy}/memories").json()["memories"]]
            gone = {"pairs": [PAIR], "reason": "asked for"}
            purged = api.post(f"/v1/dictionaries/{dictionary}/facts:purge", json=gone)
            assert purged.status_code == 202, purged.text
            assert api.post(f"/v1/dictionaries/{copy}/recall", json=PAIR).status_code == 404
            assert not any((running.data / "memories" / folder).exists() for folder in folders)
        assert wait(api, purged.json()["job"])["state"] == "succeeded"
        ended = wait(api, job)  # the memory that it was to judge held what was purged
        assert (ended["state"], ended["problem"]["code"]) == ("failed", "not_retained"), ended["problem"]
        check_nothing_is_left(running, api, dictionary)


def test_a_killed_worker_leaves_no_copy(running: Running) -> None:
    """Nor does its pilot go on: its key is revoked, and the next worker begins the report anew."""
    with running.client() as api:
        with report_under_way(running, api) as (dictionary, job, copy):
            worker = running.worker
            pilots = list_children(worker)
            os.kill(worker, signal.SIGKILL)
        until(lambda: api.get(f"/v1/jobs/{job}").json()["attempts"] == 2)
        until(lambda: api.get(f"/v1/dictionaries/{copy}").status_code == 404)
        until(lambda: not any(Path(f"/proc/{process}").exists() for process in pilots))
        end(api, job)
        check_nothing_is_left(running, api, dictionary)


def end(api: httpx.Client, job: str) -> None:
    """Cancel the report and wait for its end."""
    api.delete(f"/v1/jobs/{job}")
    assert wait(api, job)["state"] == "cancelled"


def test_a_cancelled_report_leaves_no_copy(running: Running) -> None:
    with running.client() as api:
        with report_under_way(running, api) as (dictionary, job, _):
            end(api, job)
        check_nothing_is_left(running, api, dictionary)


def test_a_killed_service_leaves_no_copy(tmp_path: Path) -> None:
    """Both processes at once; the next start clears up, and goes on with the report."""
    with running_service(tmp_path / "data") as running, running.client() as api:
        with report_under_way(running, api) as (dictionary, job, _):
            for process in (running.worker, running.process.pid):
                os.kill(process, signal.SIGKILL)
        running.process.wait(PATIENCE)
    with running_service(tmp_path / "data", running.key) as again, again.client() as api:
        until(lambda: api.get(f"/v1/jobs/{job}").json()["attempts"] == 2)
        end(api, job)
        check_nothing_is_left(again, api, dictionary)


def test_the_key_of_a_report_may_do_little(running: Running) -> None:
    """It asks and reads what the report is about, and does as it likes with what it made itself. Nothing else."""
    with running.client() as api:
        other = fresh_dictionary(api, "subject,relation,answer\na,r,1\n")
        with report_under_way(running, api) as (dictionary, job, copy):
            [pilot] = list_children(running.worker)
            environment = Path(f"/proc/{pilot}/environ").read_bytes().split(b"\0")
            [key] = [each.partition(b"=")[2].decode() for each in environment if each.startswith(b"FACTSTORE_API_KEY=")]
            row = b"subject,relation,answer\nb,r,2\n"
            with running.client(key) as own:
                url = f"/v1/dictionaries/{dictionary}"
                assert {held["id"] for held in own.get("/v1/dictionaries").json()["dictionaries"]} == {dictionary, copy}
                assert own.get(f"/v1/dictionaries/{other}").status_code == 404
                for method, path in (("POST", "/v1/keys"), ("GET", "/v1/keys"), ("GET", "/v1/audit"), ("DELETE", url)):
                    assert own.request(method, path, json={"role": "admin"}).status_code == 403
                edit = {"upsert": [{**PAIR, "answer": "x"}]}
                assert own.post(f"{url}/facts:batch", json=edit).status_code == 403
                csv = {"content-type": "text/csv"}
                assert own.post(f"{url}/uploads", content=row, headers=csv).status_code == 403
                dry = own.post(f"{url}/uploads", params={"dry_run": "true"}, content=row, headers=csv)
                assert (dry.status_code, dry.json()["accepted"]) == (200, 1)
                assert own.post(f"{url}/recall", json=PAIR).json()["answers"] == ["7 g"]
            end(api, job)
        with running.client(key) as own:
            until(lambda: own.get("/v1/dictionaries").status_code == 401)
