"""Rates: how many requests an API key may send in windows of time, over all API processes together.

A rate has a window for each of its parts, and a request needs a place in every one of them. Windows begin at multiples
of their length. A process takes a tenth of a window's allowance at a time from the database and spends it without
asking again, so a recall pays one look-up in a dictionary. No window ever lets more requests through than the rate
says; with several processes some may be refused early, because another holds what is left.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import limits

from service.errors import RateLimited
from service.storage import Database, rates

UNLIMITED = "unlimited"
SHARE = 10  # a process takes a window's allowance in this many parts
MOST = 1_000  # requests that a process takes at a time


class Part(NamedTuple):
    """`amount` requests in each window of `length` seconds."""

    amount: int
    length: int


@dataclass(slots=True)
class Window:
    """What this process holds of a window of one key: `left` requests, and whether the database has no more."""

    start: int = -1
    left: int = 0
    spent: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Limiter:
    """Limits the rates of keys in one process, on one event loop."""

    def __init__(self, db: Database, default: str, clock: Callable[[], float] = time.time) -> None:
        self._db = db
        self._default = default
        self._clock = clock
        self._windows: dict[tuple[str, Part], Window] = {}

    async def take(self, key: str, rate: str | None) -> None:
        """Count one request of the key; raises RateLimited."""
        parts = parse_rate(rate or self._default)
        windows = [self._windows.setdefault((key, part), Window()) for part in parts]
        while empty := [each for each in zip(parts, windows, strict=True) if not self._has_left(*each)]:
            part, window = empty[0]
            async with window.lock:
                await self._fill(key, part, window)
            if not self._has_left(part, window):
                end = window.start + part.length
                raise RateLimited(math.ceil(max(end - self._clock(), 1)))
        for window in windows:
            window.left -= 1

    async def spend(self, key: str, rate: str | None, amount: int) -> None:
        """Count so many requests more, as far as the windows have them: a large batch that was let in empties them at
        most.
        """
        for part in parse_rate(rate or self._default) if amount else ():
            window, owed = self._windows.setdefault((key, part), Window()), amount
            while owed:
                if not self._has_left(part, window):
                    async with window.lock:
                        await self._fill(key, part, window)
                if not self._has_left(part, window):
                    break
                spent = min(owed, window.left)
                window.left -= spent
                owed -= spent

    def _has_left(self, part: Part, window: Window) -> bool:
        return window.left > 0 and window.start == self._start(part.length)

    async def _fill(self, key: str, part: Part, window: Window) -> None:
        start = self._start(part.length)
        if window.start == start and (window.left or window.spent):
            return
        share = max(1, min(part.amount // SHARE, MOST))
        wanted = rates.LeaseRequest(f"{key} {part.length}", start, part.amount, share)
        granted = await asyncio.to_thread(self._lease, wanted)
        window.start, window.left, window.spent = start, granted, not granted

    def _lease(self, wanted: rates.LeaseRequest) -> int:
        with self._db.writing() as tx:
            return rates.lease(tx, wanted)

    def _start(self, length: int) -> int:
        return int(self._clock() // length) * length


@lru_cache(1024)
def parse_rate(rate: str) -> tuple[Part, ...]:
    """The parts of a rate, one for each length of a window; none for an unlimited rate. Raises ValueError."""
    amounts = dict[int, int]()
    for limit in limits.parse_many(rate) if rate != UNLIMITED else ():
        length = limit.get_expiry()
        amounts[length] = min(limit.amount, amounts.get(length, limit.amount))
    return tuple(Part(amount, length) for length, amount in amounts.items())
