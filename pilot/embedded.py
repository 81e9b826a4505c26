"""A service of the pilot's own: a process on a free port of this machine, with its data in a temporary folder."""

import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TextIO

from pilot.errors import ServiceFailed

_START_SECONDS = 120
_STOP_SECONDS = 20
_URL = re.compile(r"https?://[\w.\-\[\]:]+:\d+")


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Where a service listens. `memories`: the folder of its artefacts, where the pilot can read it."""

    url: str
    api_key: str
    memories: Path | None = None


@contextmanager
def embedded_service() -> Iterator[ServiceAddress]:
    """Start `python -m service serve`, yield its address, and stop it whatever happens inside the block.

    Raises ServiceFailed where it does not listen within two minutes.
    """
    api_key = secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory(prefix="pilot-") as folder:
        log = Path(folder, "service.log")
        with log.open("w", encoding="utf-8") as errors:
            process = _start(Path(folder, "data"), api_key, errors)
        try:
            yield ServiceAddress(_await_url(process, log), api_key, Path(folder, "data", "memories"))
        finally:
            _stop(process)


def _start(data: Path, api_key: str, errors: TextIO) -> "subprocess.Popen[str]":
    """Start the process in its own session, so that Ctrl-C reaches the pilot alone, which then stops the service."""
    command = [sys.executable, "-m", "service", "serve", "--data", str(data), "--port", "0"]
    environment = _make_environment() | {"FACTSTORE_BOOTSTRAP_KEY": api_key, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(  # noqa: S603 - a fixed command of this program's own
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def _make_environment() -> dict[str, str]:
    """Leave out the settings of a service that may run here already: this one must not touch that one's database."""
    kept = {"FACTSTORE_DEVICE"}
    return {name: value for name, value in os.environ.items() if not name.startswith("FACTSTORE_") or name in kept}


def _await_url(process: "subprocess.Popen[str]", log: Path) -> str:
    """Return the URL that the service prints once it listens. Its output is read to the end, or it would block."""
    found: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(target=_drain, args=(process, found), daemon=True).start()
    try:
        url = found.get(timeout=_START_SECONDS)
    except Empty:
        url = None
    if url is None:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:].strip()
        why = tail or "it printed nothing"
        raise ServiceFailed(f"the service did not start: {why}", "service_not_started", why=why)
    return url


def _drain(process: "subprocess.Popen[str]", found: "SimpleQueue[str | None]") -> None:
    for line in process.stdout or ():
        if match := _URL.search(line):
            found.put(match.group())
    found.put(None)


def _stop(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout:
        process.stdout.close()
