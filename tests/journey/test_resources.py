"""A service that lacks room or handles says so, stores nothing by halves, and goes on when they are there again."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from service.loops import FIRST
from tests.running import PATIENCE, Running, fresh_dictionary, running_service, upload, wait

FACTS = "subject,relation,answer\r\n" + "".join(f"P-{at},weight,{at} g\r\n" for at in range(20_000))
LARGEST = 1 << 16  # bytes of a file, while there is little room


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_service(tmp_path_factory.mktemp("lacking") / "data") as service:
        yield service


@contextmanager
def limited(process: int, what: int, value: int) -> Iterator[None]:
    """The system refuses a process more than this, as a full disk or table of files would."""
    before, hard = resource.prlimit(process, what)
    resource.prlimit(process, what, (value, hard))
    try:
        yield
    finally:
        resource.prlimit(process, what, (before, hard))


def test_an_upload_without_room_is_told_and_stores_nothing(running: Running) -> None:
    with running.client() as api:
        dictionary = fresh_dictionary(api)
        with limited(running.process.pid, resource.RLIMIT_FSIZE, LARGEST):
            refused = upload(api, dictionary, FACTS)
            check_lack(refused, {"disk_full", "disk_failed"})
            assert api.get("/livez").status_code == 200
        owner = f"/v1/dictionaries/{dictionary}"
        assert api.get(f"{owner}/uploads").json()["uploads"] == []
        assert api.get(owner).json()["facts"] == 0
        assert upload(api, dictionary, FACTS).json()["accepted"] == 20_000


def test_a_service_without_handles_says_so(running: Running) -> None:
    """On a connection that is open already: none other can be made."""
    with running.client() as api:
        dictionary = fresh_dictionary(api)
        opened = max(int(each.name) for each in Path(f"/proc/{running.process.pid}/fd").iterdir())
        with limited(running.process.pid, resource.RLIMIT_NOFILE, opened + 1):
            check_lack(upload(api, dictionary, FACTS), {"too_many_files", "disk_failed"})
        assert upload(api, dictionary, FACTS).status_code == 200


def test_a_worker_that_can_write_nothing_goes_on(running: Running) -> None:
    """Not the database, and not even the log. It is the same process that does the job once there is room."""
    worker, log = running.worker, running.data.with_suffix(".log")
    with running.client() as api:
        dictionary = fresh_dictionary(api, FACTS)
        with limited(worker, resource.RLIMIT_FSIZE, LARGEST):
            failed = log.read_text().count("turn failed")
            job = api.post(f"/v1/dictionaries/{dictionary}/memories", json={}).json()["id"]
            deadline = time.monotonic() + PATIENCE
            while log.read_text().count("turn failed") < failed + 2:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        with limited(worker, resource.RLIMIT_FSIZE, 0):
            time.sleep(3 * FIRST)  # some turns, of which the log tells nothing
        ended = wait(api, job)
        assert ended["state"] == "succeeded", ended["problem"]
        assert running.worker == worker


def check_lack(reply: httpx.Response, codes: set[str]) -> None:
    assert reply.status_code == 503, reply.text
    assert reply.json()["code"] in codes
    assert int(reply.headers["retry-after"]) > 0
