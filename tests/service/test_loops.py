"""A loop goes on whatever its turns raise, waits longer and longer meanwhile, and says so without a message."""

import asyncio
from collections.abc import Callable
from threading import Event

import pytest
from structlog.testing import capture_logs

from service import loops
from service.loops import FIRST, LONGEST, keep_going, keep_going_async


class Stopping(Event):
    """An event that is set after so many waits, none of which takes time."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.pauses: list[float | None] = []
        self._waits = waits

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        if len(self.pauses) == self._waits:
            self.set()
        return self.is_set()


def fail(error: Exception) -> None:
    raise error


def test_a_loop_goes_on_after_errors() -> None:
    """The pauses double up to a limit; a turn that succeeds begins them anew."""
    stopping = Stopping(10)
    turns = iter([True] * 3 + [False] + [True] * 20)
    keep_going("test of loops", lambda: fail(OSError("SECRET")) if next(turns) else None, stopping)
    begun_anew = [min(FIRST * 2**turn, LONGEST) for turn in range(7)]
    assert stopping.pauses == [FIRST, 2 * FIRST, 4 * FIRST, *begun_anew]
    assert loops.failures["test of loops"] >= 10


def test_the_log_has_the_type_of_an_error_alone() -> None:
    with capture_logs() as logs:
        keep_going("test", lambda: fail(ValueError("PART-9")), Stopping(1))
    assert [(each["loop"], each["error"]) for each in logs] == [("test", "ValueError")]
    assert "PART-9" not in str(logs)


def test_what_is_no_error_ends_a_loop() -> None:
    def leave() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        keep_going("test", leave, Event())


def test_a_loop_of_the_event_loop_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is cancelled."""
    pauses: list[float] = []
    turns: list[Callable[[], None]] = [lambda: fail(OSError()), lambda: None, lambda: fail(OSError()), lambda: None]

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def turn() -> None:
        if not turns:
            raise asyncio.CancelledError
        turns.pop(0)()

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(keep_going_async("test", turn))
    assert pauses == [FIRST, FIRST]
