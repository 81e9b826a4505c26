"""Loops that no error ends: a turn that fails is logged by the type of its error, counted, and tried again later."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from threading import Event

import structlog

log = structlog.get_logger()

FIRST, LONGEST = 1.0, 10.0  # seconds after a turn that failed; doubled while the next ones fail as well

failures: Counter[str] = Counter()
"""How many turns of each loop of this process have failed since it started."""


class Pauses:
    """The pauses after failed turns of one loop: each twice as long as the one before, until a turn succeeds."""

    def __init__(self, loop: str) -> None:
        self._loop = loop
        self._next = FIRST

    def succeed(self) -> None:
        self._next = FIRST

    def fail(self, error: Exception) -> float:
        """Report a failed turn, and return the seconds to wait. The error's message may hold names, so only its type is
        logged.
        """
        pause, self._next = self._next, min(2 * self._next, LONGEST)
        failures[self._loop] += 1
        log.error("turn failed", loop=self._loop, error=type(error).__name__, again_in=pause)
        return pause


def keep_going(loop: str, turn: Callable[[], object], stopping: Event) -> None:
    """Call `turn` again and again until `stopping` is set; it waits by itself where there is nothing to do."""
    pauses = Pauses(loop)
    while not stopping.is_set():
        try:
            turn()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may succeed
            stopping.wait(pauses.fail(error))
        else:
            pauses.succeed()


async def keep_going_async(loop: str, turn: Callable[[], Awaitable[object]]) -> None:
    """Await `turn` again and again until the task is cancelled."""
    pauses = Pauses(loop)
    while True:
        try:
            await turn()
        except Exception as error:  # noqa: BLE001 - as above
            await asyncio.sleep(pauses.fail(error))
        else:
            pauses.succeed()
