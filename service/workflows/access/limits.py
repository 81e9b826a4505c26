"""Rates: how many requests an API key may send in a window of time, over all API processes together.

Windows begin at multiples of their length. A process takes a tenth of a window's allowance at a time from the database
and spends it without asking again, so a recall pays one look-up in a dictionary. No window ever lets more requests
through than the rate says; with several processes some may be refused early, because another holds what is left.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import limits

from service.errors import RateLimited, Unprocessable
from service.storage import Database, rates

UNLIMITED = "unlimited"
SHARE = 10  # a process takes a window's allowance in this many parts
MOST = 1_000  # requests that a process takes at a time


@dataclass(slots=True)
class Window:
    """What this process holds of one key's window: `left` requests, and whether the database has no more."""

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
        self._windows: dict[str, Window] = {}

    async def take(self, key: str, rate: str | None) -> None:
        """Count one request of the key; raises RateLimited."""
        limit = parse_rate(rate or self._default)
        if limit is None:
            return
        amount, length = limit
        window = self._windows.setdefault(key, Window())
        if not self._take(window, length):
            async with window.lock:
                await self._fill(key, window, amount, length)
            if not self._take(window, length):
                end = window.start + length
                raise RateLimited(math.ceil(max(end - self._clock(), 1)))

    def _take(self, window: Window, length: int) -> bool:
        if window.start != self._start(length) or not window.left:
            return False
        window.left -= 1
        return True

    async def _fill(self, key: str, window: Window, amount: int, length: int) -> None:
        start = self._start(length)
        if window.start == start and (window.left or window.spent):
            return
        part = max(1, min(amount // SHARE, MOST))
        granted = await asyncio.to_thread(self._lease, rates.LeaseRequest(key, start, amount, part))
        window.start, window.left, window.spent = start, granted, not granted

    def _lease(self, wanted: rates.LeaseRequest) -> int:
        with self._db.writing() as tx:
            return rates.lease(tx, wanted)

    def _start(self, length: int) -> int:
        return int(self._clock() // length) * length


def check_rate(rate: str | None) -> None:
    """Raise Unprocessable where `rate` cannot be read."""
    try:
        parse_rate(rate or UNLIMITED)
    except ValueError:
        raise Unprocessable("a rate reads like 1000/minute, 5 per 2 seconds, or unlimited") from None


@lru_cache(1024)
def parse_rate(rate: str) -> tuple[int, int] | None:
    """The number of requests and the seconds of their window; None for an unlimited rate. Raises ValueError."""
    if rate == UNLIMITED:
        return None
    limit = limits.parse(rate)
    return limit.amount, limit.get_expiry()
