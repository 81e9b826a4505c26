"""The supervisor: keeps one worker process alive beside the API, and wakes it when there is work."""

import os
import subprocess
import sys
from threading import Event, Thread

import structlog

from service.bell import ring
from service.settings import Settings
from service.storage import Database, jobs

log = structlog.get_logger()

LOOK = 1.0  # seconds between two looks at whether the worker lives
RESTART_PAUSE = 1.0  # seconds before a worker that died is replaced
STOP_SECONDS = 5.0  # a worker that has not stopped by then is killed; its job is taken up at the next start


class Supervisor:
    """Keeps one worker process alive beside the API. Nobody else uses its `name`, so a dead worker's lease is freed."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._stopping = Event()
        self._heard, self._bell = os.pipe()  # its end, when this process is gone, ends the worker
        os.set_blocking(self._bell, False)
        self._thread = Thread(target=self._supervise, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ring(self) -> None:
        """Wake the worker: there is a job, or will be soon."""
        ring(self._bell)

    def ask_to_stop(self) -> None:
        """The worker ends; its job, if it has one, goes back to the queue."""
        self._stopping.set()

    def stop(self) -> None:
        """Returns when the worker has ended."""
        self.ask_to_stop()
        self._thread.join()

    def _supervise(self) -> None:
        db = Database(self._settings.database)
        while not self._stopping.is_set():
            with db.writing() as tx:
                jobs.free(tx, self._name)
            self._run_worker()
        db.close()

    def _run_worker(self) -> None:
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
