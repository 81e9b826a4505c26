"""A real service for tests: its own process, a real socket on a free port, a database of its own."""

import os
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 180.0  # seconds to wait for anything on a busy machine
FOR_LONG = " per 9999 days"  # of a rate: no window of it begins before 2052
ENDED = {"succeeded", "failed", "cancelled"}
BRIEF = {"FACTSTORE_PILOT_PROBES": "4000", "FACTSTORE_PILOT_TIMED": "20"}
"""The environment of a pilot that asks little more than its verdicts need; of a report's too."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running service: its address, an admin key, its data folder and its process."""

    url: str
    key: str
    data: Path
    process: "subprocess.Popen[str]"

    def client(self, key: str | None = None) -> httpx.Client:
        """Open a client with the admin key or another one; with an empty key none is sent."""
        sent = self.key if key is None else key
        headers = {"Authorization": f"Bearer {sent}"} if sent else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE)

    @property
    def worker(self) -> int:
        """The process id of its worker, its only child, which is started beside the first requests."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if started := list_children(self.process.pid):
                return started[0]
            time.sleep(0.02)
        raise AssertionError("the service has started no worker")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end of the process, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def list_children(process: int) -> list[int]:
    """List the ids of the living processes that this one has started."""
    of_threads = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for file in of_threads for child in file.read_text().split()]


@contextmanager
def running_service(
    data: Path, key: str | None = None, checkout: str | None = None, **settings: str
) -> Iterator[Running]:
    """Start `python -m service serve` on a free port, with this bootstrap key (none if empty).

    `settings` are environment variables without their prefix. checkout: another copy of this project to start it from,
    with its own `.venv`.
    """
    key = secrets.token_urlsafe(32) if key is None else key
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FACTSTORE_")}
    environment |= {f"FACTSTORE_{name.upper()}": value for name, value in settings.items()}
    python = f"{checkout}/.venv/bin/python" if checkout else sys.executable
    command = [python, "-m", "service", "serve", "--data", str(data), "--port", "0"]
    environment |= (
        BRIEF | {"FACTSTORE_DEVICE": "cpu", "OMP_NUM_THREADS": "1"} | ({"FACTSTORE_BOOTSTRAP_KEY": key} if key else {})
    )
    with data.with_suffix(".log").open("a") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=checkout, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        yield Running(_await_url(process, data.with_suffix(".log")), key, data, process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)
        if process.stdout:
            process.stdout.close()


def _await_url(process: "subprocess.Popen[str]", log: Path) -> str:
    """Read the address from the output of the service."""
    for line in process.stdout or ():
        if found := re.search(r"https?://\S+", line):
            return found.group()
    raise AssertionError(f"the service did not start: {log.read_text()[-2000:]}")


def fresh_dictionary(api: httpx.Client, facts: str | None = None, **options: str) -> str:
    """Create a dictionary, upload a CSV of subject,relation,answer if one is given, and return its id."""
    made = api.post("/v1/dictionaries", json={"name": f"test {secrets.token_hex(6)}"})
    assert made.status_code == 201, made.text
    dictionary: str = made.json()["id"]
    if facts is not None:
        sent = upload(api, dictionary, facts, **options)
        assert sent.status_code == 200, sent.text
    return dictionary


def upload(api: httpx.Client, dictionary: str, facts: str, **options: str) -> httpx.Response:
    """Upload a CSV."""
    url = f"/v1/dictionaries/{dictionary}/uploads"
    return api.post(url, params=options, content=facts.encode(), headers={"content-type": "text/csv"})


def train(api: httpx.Client, dictionary: str, **body: Any) -> dict[str, Any]:
    """Order a training, wait for its end, and return its job."""
    queued = api.post(f"/v1/dictionaries/{dictionary}/memories", json=body)
    assert queued.status_code == 202, queued.text
    return wait(api, queued.json()["id"])


def wait(api: httpx.Client, job: str, seconds: float = PATIENCE) -> dict[str, Any]:
    """Wait for the end of a job and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found: dict[str, Any] = api.get(f"/v1/jobs/{job}").json()
        if found["state"] in ENDED:
            return found
        time.sleep(0.05)
    raise AssertionError(f"the job has not ended: {found}")


@contextmanager
def hold_before_publication(data: Path) -> Iterator[Callable[[], None]]:
    """Hold a training between the verification of its memory and the publication.

    A training reads gate.toml before its work and again before it publishes. Here that file is a named pipe that
    nothing is written to, so the second reading blocks until the end of this block. The yielded function returns once
    the training has come that far.
    """
    limits, silent = data / "gate.toml", list[int]()
    _wait_until_idle(data)
    os.mkfifo(limits)

    def reached() -> None:
        before = _open_once_read(limits)
        limits.unlink()
        os.mkfifo(limits)
        os.close(before)  # no limits: the work begins
        silent.append(_open_once_read(limits))

    try:
        yield reached
    finally:
        limits.unlink()
        for pipe in silent:
            os.close(pipe)


def _wait_until_idle(data: Path) -> None:
    """Wait until no job of an earlier test is queued or running."""
    deadline = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(data / "factstore.db", timeout=PATIENCE)) as database:
        while database.execute("SELECT 1 FROM jobs WHERE state IN ('queued', 'running')").fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def _open_once_read(pipe: Path) -> int:
    """Open the pipe for writing, once somebody reads from it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads yet
            assert time.monotonic() < deadline
            time.sleep(0.01)
