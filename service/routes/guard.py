"""What stands before every route, as plain ASGI: keys, the cap on bodies, metrics, denials and security headers.

The key is checked before the path and before the first byte of the body: nobody without one learns whether a route or
a dictionary exists or a body is too large. Logs hold the route's template, never the path, a name or a query string.
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, TypeVar

import prometheus_client
import structlog
from starlette.requests import ClientDisconnect, cookie_parser

from schemas.keys import KEY, SHORTEST_KEY
from service.errors import FactStoreError, TooLarge, Unprocessable
from service.routes.problems import MEDIA_TYPE, describe, problem_body
from service.routes.wire import check_headers, unpack
from service.workflows.access.authenticator import Authenticator, Caller
from service.workflows.access.keys import COOKIE, SHOWN
from service.workflows.audit.denials import Denial, Denials

log = structlog.get_logger()

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
T = TypeVar("T")

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
OPEN = frozenset({"/livez", "/readyz", "/sign-in"})
MOST_UNKNOWN = 4096  # bytes of a body sent without a key
_PAGES = re.compile(r"/docs|/openapi\.json|/v1/reports/[^/]+\.html")  # what a browser may read with a session's cookie
_STREAMED = re.compile(r"/v1/dictionaries/[^/]+/uploads")  # this route counts its body itself

_REQUESTS = prometheus_client.Counter("factstore_requests", "Requests by route.", ["method", "route", "status"])
_SECONDS = prometheus_client.Histogram("factstore_request_seconds", "Time to a reply.", ["method", "route"])


class Guard:
    """Lets a request through to `app` with `scope["caller"]` set, or answers 401 or 413 itself."""

    def __init__(self, app: App, authenticator: Authenticator, max_body_bytes: int) -> None:
        self._app = app
        self._authenticator = authenticator
        self._limit = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            check_headers(scope["headers"])
            if scope["path"] not in OPEN:
                caller = scope["caller"] = await self._caller(scope, headers)
                await self._authenticator.charge(caller.key, caller.rate)
            limit = MOST_UNKNOWN if scope["path"] in OPEN else self._limit
            if not _STREAMED.fullmatch(scope["path"]):
                receive = unpack(headers, cap_body(headers, receive, limit), limit)
        except FactStoreError as error:
            await send_problem(send, error, close=_has_body(headers))
        else:
            await self._app(scope, receive, send)

    async def _caller(self, scope: Scope, headers: dict[bytes, bytes]) -> Caller:
        """By the key, or where only a page is read, by the cookie of a session. Nothing else takes cookies, so no other
        site can have a browser do anything.
        """
        if b"authorization" not in headers and scope["method"] == "GET" and _PAGES.fullmatch(scope["path"]):
            cookies = cookie_parser(headers.get(b"cookie", b"").decode("latin-1"))
            if COOKIE in cookies:
                return self._authenticator.identify_session(cookies[COOKIE])
        return await self._authenticator.identify(headers.get(b"authorization"))


def check_announced(headers: Mapping[bytes, bytes], limit: int) -> None:
    """Raises TooLarge where the Content-Length header announces a body of more than `limit` bytes."""
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge.of_body(limit)


def cap_body(headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> Receive:
    """`receive`, which raises TooLarge once the body exceeds `limit` bytes; raised at once where that is announced."""
    check_announced(headers, limit)
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise TooLarge.of_body(limit)
        return message

    return counted


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
    """The whole body. Raises TooLarge past `limit` bytes, Unprocessable where the caller goes away before its end."""
    receive = unpack(headers, cap_body(headers, receive, limit), limit)
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unprocessable("the body ended early")
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of the work, which is cancelled once its client has gone; raises ClientDisconnect then. The body must
    have been read.
    """
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(receive())
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and gone.result()["type"] == "http.disconnect":
            raise ClientDisconnect
        return await task
    finally:
        task.cancel()
        gone.cancel()


class Measured:
    """Counts and times every request of `app`, and answers errors that it did not catch, without a detail."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            status = 499  # the caller went away before the end of its body; the figure is nginx's
        except Exception as error:  # noqa: BLE001 - its message may hold names: only its kind and place are logged
            log.error("request failed", error=type(error).__name__, at=_place(error))  # noqa: TRY400
            if not status:
                await send_problem(noted, describe(error))
        _note(scope, status, time.perf_counter() - started)


async def send_problem(send: Send, error: FactStoreError, *, close: bool = False) -> None:
    """Send the error as problem+json. `close` ends the connection, on which an unread body may still be arriving."""
    headers = {**error.headers, "connection": "close"} if close else error.headers
    await send_reply(send, error.status, MEDIA_TYPE, problem_body(error), headers)


async def send_reply(send: Send, status: int, media: str, body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> None:
    """The whole reply at once; `headers` are those beside the type and the length of its body."""
    named = {"content-type": media, "content-length": str(len(body)), **headers}
    encoded = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


def _note(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if route != "none" else "any"
    _REQUESTS.labels(method, route, str(status)).inc()
    _SECONDS.labels(method, route).observe(seconds)
    log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


DENIED = frozenset({401, 403, 429})
UNKNOWN = "unknown"
_KEY = re.compile(KEY.pattern.encode())
_OURS = b"Bearer fsk_"  # how an Authorization header with a key of ours begins


class Watched:
    """`app`, with its denials counted for the audit chain: every 401, 403 and 429, and every 404 to a scoped key about
    a dictionary that is not granted to it (`scope["hidden"]`), be it there or not. `templates` are the known routes'
    paths.
    """

    def __init__(self, app: App, denials: Denials, templates: Iterable[str]) -> None:
        self._app = app
        self._denials = denials
        self._words = {word for template in templates for word in template.split("/") if "{" not in word}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            if message.get("status") in DENIED or (message.get("status") == 404 and scope.get("hidden")):
                self._denials.count(Denial(_who(scope), self._template(scope["path"]), message["status"]))
            await send(message)

        await self._app(scope, receive, noted)

    def _template(self, path: str) -> str:
        """The path without every word that is not part of a route: it may be a name."""
        return "/".join(word if word in self._words else "{}" for word in path.split("/")[:8])


def _who(scope: Scope) -> str:
    """The key's id; the visible start of a key that is not valid; nothing of anything else."""
    if caller := scope.get("caller"):
        return str(caller.key)
    header: bytes = dict(scope["headers"]).get(b"authorization", b"")
    return header[len(b"Bearer ") :][:SHOWN].decode("latin-1") if header.startswith(_OURS) else UNKNOWN


class Bodiless:
    """`app`, which is asked GET for HEAD: the reply has the same headers and no body."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_headers)


ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)


class Concealing:
    """`app`, in whose refusals no API key stands: neither the one that came with the request nor anything that reads
    like one, such as a key sent as a name, a value or a path. Asterisks take its place, so lengths stay as announced.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = False

        async def concealed(message: Message) -> None:
            nonlocal refused
            refused = message.get("status", 400 if refused else 200) >= 400
            if refused and (body := message.get("body")):
                message["body"] = _conceal(body, dict(scope["headers"]).get(b"authorization", b""))
            await send(message)

        await self._app(scope, receive, concealed)


def _conceal(body: bytes, header: bytes) -> bytes:
    token = header.partition(b" ")[2].strip()
    if len(token) >= SHORTEST_KEY:
        for written in (token, json.dumps(token.decode("latin-1"))[1:-1].encode()):
            body = body.replace(written, b"*" * len(written))
    return _KEY.sub(lambda found: b"*" * len(found[0]), body)


class Hardened:
    """`app`, with the headers of `ALWAYS` on every reply: no browser guesses a media type, nothing on the way is
    cached.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *ALWAYS]
            await send(message)

        await self._app(scope, receive, hardened)
