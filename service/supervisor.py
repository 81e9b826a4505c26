"""The API's worker process: the supervisor that keeps it alive, and the bell by which it is woken when there is work.

The bell is a pipe, and waiting for it takes no processor time.
"""

import math
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from threading import Event, Thread

import structlog

from service.loops import keep_going
from service.settings import Settings
from service.storage import Database, jobs

log = structlog.get_logger()

LOOK = 1.0  # seconds between two checks of whether the worker is alive
RESTART_PAUSE = 1.0  # seconds before a worker that died is replaced
STOP_SECONDS = 5.0  # then the worker is killed, and its job is resumed at the next start


class Supervisor:
    """Keeps one worker process alive beside the API and wakes it when there is work.

    No other worker uses the same `name`, so the jobs that a dead worker held under it can be freed at once.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._stopping = Event()
        self._heard, self._bell = os.pipe()  # it closes when this process ends, which stops the worker
        os.set_blocking(self._bell, False)
        self._thread = Thread(target=self._supervise, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ring(self) -> None:
        """Wake the worker because a job is queued or will be soon."""
        ring_bell(self._bell)

    def ask_to_stop(self) -> None:
        """Ask the worker to end; a job that it is working on goes back to the queue. Returns at once."""
        self._stopping.set()

    def stop(self) -> None:
        """Ask the worker to end and wait until it has."""
        self.ask_to_stop()
        self._thread.join()

    def _supervise(self) -> None:
        db = Database(self._settings.database)
        keep_going("supervisor", partial(self._run_worker, db), self._stopping)
        db.close()

    def _run_worker(self, db: Database) -> None:
        with db.writing() as tx:
            jobs.free(tx, self._name)
        process = self._spawn()
        while process.poll() is None and not self._stopping.wait(LOOK):
            pass
        if self._stopping.is_set():
            _end(process)
        else:
            log.error("worker died", exit_code=process.returncode)
            self._stopping.wait(RESTART_PAUSE)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        inherited = {name: value for name, value in os.environ.items() if name != "FACTSTORE_BOOTSTRAP_KEY"}
        environment = inherited | self._settings.environment()
        command = [sys.executable, "-m", "service", "work", "--name", self._name, "--bell", str(self._heard)]
        return subprocess.Popen(  # noqa: S603 - our own command
            command, env=environment, stdin=subprocess.DEVNULL, pass_fds=[self._heard]
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


RING, STOP = b"r", b"s"


class Bell:
    """Wakes the threads of a worker: each ring sets every event that `listener` has given out.

    It can be rung by this process, by a signal handler, or by the API through `pipe`, the descriptor to read from.
    When the API ends, in whatever way, the pipe closes, and that stops the worker.
    heard: when it last rang, by the monotonic clock; minus infinity before the first ring.
    """

    def __init__(self, pipe: int | None = None) -> None:
        self.pipe = pipe
        self.stopping = Event()
        self.heard = -math.inf
        self._inward, self._outward = os.pipe()
        os.set_blocking(self._outward, False)
        self._listeners: list[Event] = []

    def listener(self) -> Event:
        """Make an event that each ring sets; to be called before `start`."""
        event = Event()
        self._listeners.append(event)
        return event

    def start(self) -> None:
        Thread(target=self._listen, name="bell", daemon=True).start()

    def ring(self) -> None:
        """Wake every listener."""
        ring_bell(self._outward, RING)

    def stop(self) -> None:
        """Set `stopping` and wake every listener. Safe in a signal handler, since it takes no lock."""
        ring_bell(self._outward, STOP)

    def _listen(self) -> None:
        sources = [self._inward] if self.pipe is None else [self._inward, self.pipe]
        while not self.stopping.is_set():
            heard = [os.read(source, select.PIPE_BUF) for source in select.select(sources, [], [])[0]]
            if any(STOP in each or not each for each in heard):
                self.stopping.set()
            self.heard = time.monotonic()
            for event in self._listeners:
                event.set()


def ring_bell(pipe: int, message: bytes = RING) -> None:
    """Write to a non-blocking pipe; where it is full, nothing is lost, because unread rings wait in it."""
    with suppress(BlockingIOError):
        os.write(pipe, message)
