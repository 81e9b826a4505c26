"""The bell of a worker: wakes whoever waits for work, rung by this process, by a signal handler, or by the API through
a pipe. Nothing happens between two rings: a worker with nothing to do takes no processor time.
"""

import math
import os
import select
import time
from contextlib import suppress
from threading import Event, Thread

RING, STOP = b"r", b"s"


class Bell:
    """Every event of `listener` is set at each ring. `pipe`: the end to read from of a pipe whose other end the API
    holds; its end is the API's end, and stops the worker, however the API ended.
    """

    def __init__(self, pipe: int | None = None) -> None:
        self.pipe = pipe
        self.stopping = Event()
        self.heard = -math.inf  # when it rang last, by the monotonic clock
        self._inward, self._outward = os.pipe()
        os.set_blocking(self._outward, False)
        self._listeners: list[Event] = []

    def listener(self) -> Event:
        """An event that each ring sets; asked for before `start`."""
        event = Event()
        self._listeners.append(event)
        return event

    def start(self) -> None:
        Thread(target=self._listen, name="bell", daemon=True).start()

    def ring(self) -> None:
        """There is work, or will be soon."""
        ring(self._outward, RING)

    def stop(self) -> None:
        """Shall end; a signal handler may call this, for it takes no lock."""
        ring(self._outward, STOP)

    def _listen(self) -> None:
        sources = [self._inward] if self.pipe is None else [self._inward, self.pipe]
        while not self.stopping.is_set():
            heard = [os.read(source, select.PIPE_BUF) for source in select.select(sources, [], [])[0]]
            if any(STOP in each or not each for each in heard):
                self.stopping.set()
            self.heard = time.monotonic()
            for event in self._listeners:
                event.set()


def ring(pipe: int, message: bytes = RING) -> None:
    """Write to a pipe that does not block: where it is full, rings enough wait to be heard."""
    with suppress(BlockingIOError):
        os.write(pipe, message)
