"""A light HTTP/1.1 client for timing: prepared requests, sent over persistent connections.

A client library takes longer to make a request than the service takes to answer one, and what measures must be lighter
than what is measured.
"""

import asyncio
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pilot.errors import ServiceFailed

_REPLY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Sent:
    """The seconds of each request and the body of its reply, in the order of the requests, and the seconds in all."""

    durations: list[float]
    bodies: list[bytes]
    seconds: float


@dataclass(frozen=True, slots=True)
class Wire:
    """Makes and sends requests to one address with one key."""

    url: str
    api_key: str

    def get(self, path: str) -> bytes:
        """Make the bytes of a GET request."""
        return self._head("GET", path)

    def post(self, path: str, body: bytes) -> bytes:
        """Make the bytes of a POST request with a JSON body."""
        more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return self._head("POST", path, more) + body

    def send(self, requests: Sequence[bytes], connections: int) -> Sent:
        """Send each request once, one at a time per connection. Raises ServiceFailed at the first reply but 200."""
        try:
            return asyncio.run(self._send(requests, connections))
        except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise ServiceFailed(f"no reply from the service: {why}", "no_reply", why=why) from error

    def _head(self, method: str, path: str, more: str = "") -> bytes:
        base = urlsplit(self.url)
        head = f"{method} {base.path}{path} HTTP/1.1\r\nHost: {base.netloc}\r\nAuthorization: Bearer {self.api_key}\r\n"
        return f"{head}{more}\r\n".encode()

    async def _send(self, requests: Sequence[bytes], connections: int) -> Sent:
        base = urlsplit(self.url)
        secure = ssl.create_default_context() if base.scheme == "https" else None
        port = base.port or (443 if secure else 80)
        opened = [await asyncio.open_connection(base.hostname, port, ssl=secure) for _ in range(connections)]
        durations, bodies = [0.0] * len(requests), [b""] * len(requests)
        queue = iter(enumerate(requests))

        async def ask(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: Iterator[tuple[int, bytes]]
        ) -> None:
            for number, request in left:
                start = time.perf_counter()
                writer.write(request)
                bodies[number] = await asyncio.wait_for(_read_body(reader), _REPLY_SECONDS)
                durations[number] = time.perf_counter() - start

        start = time.perf_counter()
        try:
            await asyncio.gather(*(ask(reader, writer, queue) for reader, writer in opened))
        finally:
            for _, writer in opened:
                writer.close()
        return Sent(durations, bodies, time.perf_counter() - start)


async def _read_body(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0].strip()
    if not head.startswith(b"http/1.1 200") or not length:
        status = head.partition(b"\r\n")[0].decode("latin-1")
        raise ServiceFailed(f"a timed request failed: {status}", "timed_request_failed", status=status)
    return await reader.readexactly(int(length))
