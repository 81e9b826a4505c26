"""One HTTP/1.1 connection: what is no HTTP, too long, or too slow is refused here, in the same form as by a route.

Uvicorn's protocol would answer in plain text, take headers of any length, and wait for their end for ever.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.errors import HeadTooLong, HeadTooSlow, RequestError

MOST_HEAD = 64 << 10  # bytes of a request line and its headers
HEAD_SECONDS = 20.0  # in which they have to come

_MALFORMED = "this is no HTTP/1.1 request: its request line, a header or the length of its body cannot be read"
_LONG = f"the request line and the headers are over {MOST_HEAD} bytes: send long texts in the body"
_SLOW = f"the request line and the headers did not come within {HEAD_SECONDS:.0f} seconds"


class Connection(HttpToolsProtocol):
    """A connection with bounds on the head of each request, which is its request line and its headers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True  # or before it
        self._has_begun = False
        self._received = 0  # bytes since the head began, in pieces that did not end it
        self._piece = 0
        self._is_too_long = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        had_begun, self._piece = self._has_begun, len(data)
        super().data_received(data)
        if self._in_head and self._has_begun:
            if self._deadline is None:
                self._await_head()
            self._received += len(data) if had_begun else 0
            if self._received > MOST_HEAD:
                self._refuse(HeadTooLong(_LONG))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun, self._received = True, 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._deadline is not None:
            self._stop_waiting()
        if self._received + self._piece > MOST_HEAD:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            self._is_too_long = size > MOST_HEAD
            if self._is_too_long:
                raise ValueError  # the parser stops, and has `send_400_response` called
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._has_begun = True, False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words; these say what to mend
        """Called for what the parser cannot read, or has been told not to."""
        self._refuse(HeadTooLong(_LONG) if self._is_too_long else RequestError(_MALFORMED))

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self._has_begun:
            self._refuse(HeadTooSlow(_SLOW))
        else:
            self.transport.close()

    def _refuse(self, error: RequestError) -> None:
        """Answer with a problem and close; only close where the reply to an earlier request is still to come."""
        open_reply = self.cycle is not None and not self.cycle.response_complete
        under_way = open_reply and (self._in_head or self.cycle.response_started)
        if not self.transport.is_closing() and not under_way:
            body = error.problem().model_dump_json().encode()
            lines = [
                *((name, value) for name, value in self.server_state.default_headers),
                (b"content-type", b"application/problem+json"),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                (b"x-content-type-options", b"nosniff"),
                (b"connection", b"close"),
            ]
            head = b"".join(name + b": " + value + b"\r\n" for name, value in lines)
            self.transport.write(STATUS_LINE[error.status] + head + b"\r\n" + body)
        if open_reply:  # whoever was about to answer says no more
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
