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

PATIENCE = 180.0  # seconds that anything may take on a busy machine
ENDED = {"succeeded", "failed", "cancelled"}


@dataclass(frozen=True, slots=True)
class Running:
    """A running service: where it listens, an admin key, its data folder, its process."""

    url: str
    key: str
    data: Path
    process: "subprocess.Popen[str]"

    def client(self, key: str | None = None) -> httpx.Client:
        """With the admin key, or another; an empty one sends none."""
        sent = self.key if key is None else key
        headers = {"Authorization": f"Bearer {sent}"} if sent else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    @property
    def worker(self) -> int:
        """The process id of its worker: its only child."""
        return children(self.process.pid)[0]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def children(process: int) -> list[int]:
    """The ids of the processes that this one has started and that have not ended."""
    of_threads = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for file in of_threads for child in file.read_text().split()]


@contextmanager
def running_service(data: Path, key: str | None = None, **settings: str) -> Iterator[Running]:
    """Start `python -m service serve` on a free port, with this bootstrap key (none if empty).

    `settings` are environment variables without their prefix.
    """
    key = secrets.token_urlsafe(32) if key is None else key
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FACTSTORE_")}
    environment |= {f"FACTSTORE_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "service", "serve", "--data", str(data), "--port", "0"]
    environment |= {"FACTSTORE_DEVICE": "cpu", "OMP_NUM_THREADS": "1"} | (
        {"FACTSTORE_BOOTSTRAP_KEY": key} if key else {}
    )
    with data.with_suffix(".log").open("a") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield Running(_url(process, data.with_suffix(".log")), key, data, process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        if process.stdout:
            process.stdout.close()


def _url(process: "subprocess.Popen[str]", log: Path) -> str:
    """Where it listens, as it says itself."""
    for line in process.stdout or ():
        if found := re.search(r"https?://\S+", line):
            return found.group()
    raise AssertionError(f"the service did not start: {log.read_text()[-2000:]}")


def fresh_dictionary(api: httpx.Client, facts: str | None = None, **options: str) -> str:
    """The id of a new dictionary, filled with a CSV of subject,relation,answer if one is given."""
    made = api.post("/v1/dictionaries", json={"name": f"test {secrets.token_hex(6)}"})
    assert made.status_code == 201, made.text
    dictionary: str = made.json()["id"]
    if facts is not None:
        sent = upload(api, dictionary, facts, **options)
        assert sent.status_code == 200, sent.text
    return dictionary


def upload(api: httpx.Client, dictionary: str, facts: str, **options: str) -> httpx.Response:
    url = f"/v1/dictionaries/{dictionary}/uploads"
    return api.post(url, params=options, content=facts.encode(), headers={"content-type": "text/csv"})


def train(api: httpx.Client, dictionary: str, **body: Any) -> dict[str, Any]:
    """The job of a training that has ended."""
    queued = api.post(f"/v1/dictionaries/{dictionary}/memories", json=body)
    assert queued.status_code == 202, queued.text
    return wait(api, queued.json()["id"])


def wait(api: httpx.Client, job: str, seconds: float = PATIENCE) -> dict[str, Any]:
    """The job when it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found: dict[str, Any] = api.get(f"/v1/jobs/{job}").json()
        if found["state"] in ENDED:
            return found
        time.sleep(0.05)
    raise AssertionError(f"the job has not ended: {found}")


@contextmanager
def held_at_the_gate(data: Path) -> Iterator[Callable[[], None]]:
    """A training is held where its memory is stored and verified, and not yet published: there it reads the gate's
    limits, as it did before its work, and here they are pipes that say nothing. The function that this gives returns
    when the training has come there.
    """
    limits, silent = data / "gate.toml", list[int]()
    _wait_until_idle(data)
    os.mkfifo(limits)

    def reached() -> None:
        before = _read_by_another(limits)
        limits.unlink()
        os.mkfifo(limits)
        os.close(before)  # no limits: the work begins
        silent.append(_read_by_another(limits))

    try:
        yield reached
    finally:
        limits.unlink()
        for pipe in silent:
            os.close(pipe)


def _wait_until_idle(data: Path) -> None:
    """Until no job is left that an earlier test ordered."""
    deadline = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(data / "factstore.db", timeout=PATIENCE)) as database:
        while database.execute("SELECT 1 FROM jobs WHERE state IN ('queued', 'running')").fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def _read_by_another(pipe: Path) -> int:
    """The pipe's other end, once somebody waits for what it says."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads yet
            assert time.monotonic() < deadline
            time.sleep(0.01)
