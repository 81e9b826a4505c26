"""A light load generator: prepared requests over persistent loopback connections, without a client library.

figures = run(port, [post("/recall", body) for body in bodies], connections=64)
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import uvloop

Check = Callable[[int, bytes], int]  # a request's number and its reply's body -> how many right answers it holds


@dataclass(slots=True)
class LoadFigures:
    """What a run measured; times are seconds, `right` counts what `check` found right."""

    requests: int
    seconds: float
    right: int
    failed: int
    latencies: list[float] = field(repr=False)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def latency(self, share: float) -> float:
        """The latency that this share of the requests stayed under."""
        return sorted(self.latencies)[min(int(share * len(self.latencies)), len(self.latencies) - 1)]


def post(path: str, body: bytes, *, key: str = "", media: str = "application/json") -> bytes:
    """One HTTP/1.1 request as it goes over the wire."""
    authorization = f"authorization: Bearer {key}\r\n" if key else ""
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {media}\r\n{authorization}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def run(port: int, requests: Sequence[bytes], *, connections: int, check: Check = lambda _, __: 1) -> LoadFigures:
    """Send every request once, one at a time on each connection."""
    return uvloop.run(_run(port, requests, connections, check))


async def _run(port: int, requests: Sequence[bytes], connections: int, check: Check) -> LoadFigures:
    loop = asyncio.get_running_loop()
    figures = LoadFigures(len(requests), 0.0, 0, 0, [])
    queue = iter(enumerate(requests))
    opened = [
        (await loop.create_connection(lambda: _Connection(queue, figures, check), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    started = time.perf_counter()
    for connection in opened:
        connection.next()
    await asyncio.wait_for(asyncio.gather(*(connection.done for connection in opened)), timeout=300)
    figures.seconds = time.perf_counter() - started
    return figures


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[tuple[int, bytes]], figures: LoadFigures, check: Check) -> None:
        self._requests = requests
        self._figures = figures
        self._check = check
        self._chunks: list[bytes] = []
        self._missing = 0
        self._number = -1
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is no subclass

    def next(self) -> None:
        """Send the next request, or end when none is left."""
        number, request = next(self._requests, (-1, b""))
        if not request:
            self._transport.close()
            self.done.set_result(None)
            return
        self._number, self._sent = number, time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if not self._chunks:
            head, _, body = data.partition(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self._missing = int(length)
            self._figures.failed += not head.startswith(b"HTTP/1.1 200")
            data = body
        self._chunks.append(data)
        self._missing -= len(data)
        if self._missing == 0:
            self._figures.latencies.append(time.perf_counter() - self._sent)
            self._figures.right += self._check(self._number, b"".join(self._chunks))
            self._chunks = []
            self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed a connection"))
