"""One HTTP/1.1 connection: what is no HTTP, too long, or too slow is refused here, in the same form as by a route.

Uvicorn's protocol would answer in plain text, take headers of any length, wait for ever for their end, for that of a
body and for a caller who does not read, and take connections until the process has no handles left for its files.
"""

import asyncio
import resource
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.errors import FactStoreError, HeadTooLong, RequestError, TooSlow, Unavailable

MOST_HEAD = 64 << 10  # bytes of a request line and its headers
HEAD_SECONDS = 20.0  # in which they have to come
BODY_SECONDS = 60.0  # within which a body has to go on, as has a reader of a reply
SLOWEST = 1024  # bytes of a body a second, on average after the first `BODY_SECONDS`
RESERVED = 256  # files that are kept for the database, memories and uploads

_MALFORMED = "this is no HTTP/1.1 request: its request line, a header or the length of its body cannot be read"
_LONG = f"the request line and the headers are over {MOST_HEAD} bytes: send long texts in the body"
_SLOW = f"the request line and the headers did not come within {HEAD_SECONDS:.0f} seconds"
_SLOW_BODY = f"the body did not go on for {BODY_SECONDS:.0f} seconds, or comes at less than {SLOWEST} bytes a second"
_MANY = "the service has as many connections as it takes, in all or of this address: close some, or try again"


@dataclass(slots=True)
class _Pace:
    """A body under way: when it began, what has come of it, and the next look at it."""

    began: float
    received: int = 0
    timer: asyncio.TimerHandle | None = None


class Connection(HttpToolsProtocol):
    """A connection with bounds on the head of each request, which is its request line and its headers, on the pace of
    bodies and readers, and on how many connections there are.
    """

    most = 4096  # connections; set by `bound_connections`
    most_of_one = 1024  # of one address

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True  # or before it
        self._has_begun = False
        self._received = 0  # bytes since the head began, in pieces that did not end it
        self._piece = 0
        self._is_too_long = False
        self._deadline: asyncio.TimerHandle | None = None
        self._body: _Pace | None = None
        self._reply: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._is_one_too_many():
            self._refuse(Unavailable(_MANY))
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._end_body()
        self._end_reply()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reply(None)

    def resume_writing(self) -> None:
        self._end_reply()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        had_begun, self._piece = self._has_begun, len(data)
        super().data_received(data)
        if not self._in_head:
            self._follow_body(len(data))
        elif self._has_begun:
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
        if self._body is not None:
            self._end_body()
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
            self._refuse(TooSlow(_SLOW))
        else:
            self.transport.close()

    def _is_one_too_many(self) -> bool:
        if len(self.connections) <= min(self.most, self.most_of_one):
            return False
        others = [each.client for each in self.connections if isinstance(each, Connection)]
        alike = sum(bool(each and self.client and each[0] == self.client[0]) for each in others)
        return len(others) > self.most or alike > self.most_of_one

    def _follow_body(self, size: int) -> None:
        """Note a piece of a body that is not at its end, and look after `BODY_SECONDS` whether it goes on."""
        if self._body is None:
            self._body = _Pace(self.loop.time())
            self._body.timer = self.loop.call_later(BODY_SECONDS, self._check_body, 0)
        self._body.received += size

    def _check_body(self, before: int) -> None:
        """Refuse a body of which nothing has come since it was at `before` bytes, or too little in all; while the
        service itself does not read on, it waits.
        """
        pace = self._body
        if pace is None or self.transport.is_closing():
            return
        late = self.loop.time() - pace.began - BODY_SECONDS
        is_slow = pace.received == before or pace.received < late * SLOWEST
        if is_slow and not self.flow.read_paused:
            self._refuse(TooSlow(_SLOW_BODY))
        else:
            pace.timer = self.loop.call_later(BODY_SECONDS, self._check_body, pace.received)

    def _end_body(self) -> None:
        if self._body is not None and self._body.timer is not None:
            self._body.timer.cancel()
        self._body = None

    def _watch_reply(self, before: int | None) -> None:
        """Give up a caller who has read nothing of a reply since `before` bytes of it were waiting."""
        waiting = self.transport.get_write_buffer_size()
        if waiting == before:
            self.transport.abort()
        else:
            self._reply = self.loop.call_later(BODY_SECONDS, self._watch_reply, waiting)

    def _end_reply(self) -> None:
        if self._reply is not None:
            self._reply.cancel()
            self._reply = None

    def _refuse(self, error: FactStoreError) -> None:
        """Answer with a problem and close; only close where the reply to an earlier request is still to come."""
        open_reply = self.cycle is not None and not self.cycle.response_complete
        under_way = open_reply and (self._in_head or self.cycle.response_started)
        if not self.transport.is_closing() and not under_way:
            body = error.problem().model_dump_json().encode()
            lines = [
                *((name, value) for name, value in self.server_state.default_headers),
                *((name.encode(), value.encode()) for name, value in error.headers.items()),
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


def bound_connections(*, behind_proxy: bool) -> type[Connection]:
    """Connections as many as the system gives this process files for, beside those that it needs itself; a quarter of
    them of one address, unless a proxy stands before all callers. Raises the process's own limit to what it may be.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = Connection.most + RESERVED
    files = max(soft, wanted if hard == resource.RLIM_INFINITY else min(wanted, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    bounded = min(Connection.most, max(files - RESERVED, files // 2))
    limits = {"most": bounded, "most_of_one": bounded if behind_proxy else max(bounded // 4, 64)}
    return type("Connection", (Connection,), limits)
