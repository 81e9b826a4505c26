"""The recall routes as plain ASGI: the hot path, beside FastAPI rather than in it.

    POST /v1/dictionaries/{d}/recall          one query -> one result (JSON)
    POST /v1/dictionaries/{d}/recall:batch    rows or columns (JSON, JSON lines, Arrow)

The key is checked first: nobody without one learns whether a dictionary exists or a body is too large.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

import structlog

from schemas.recall import BatchQuery
from service.errors import (
    FactStoreError,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unprocessable,
    UnsupportedMedia,
)
from service.routes import recall_media
from service.routes.problems import MEDIA_TYPE, problem_body
from service.routes.recall_media import Media
from service.workflows.access.relations import Relations
from service.workflows.recalls.observe import Observer
from service.workflows.recalls.recall import Asker, Recall
from service.workflows.recalls.serving import Serving

log = structlog.get_logger()

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_QUERY_BYTES = 1 << 20
MAX_BATCH_BYTES = 64 << 20

NOTHING: Mapping[str, str] = MappingProxyType({})
_ROUTE = re.compile(rb"/v1/dictionaries/([^/]+)/recall(:batch)?")


class Caller(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def rate(self) -> str | None: ...

    @property
    def scoped(self) -> bool: ...

    def sees(self, dictionary: str) -> bool: ...

    def may(self, action: str, dictionary: str) -> bool: ...

    def relations(self, dictionary: str) -> Relations | None: ...


class Authenticator(Protocol):
    async def identify(self, header: bytes | None) -> Caller:
        """Who sends this Authorization header; raises Unauthorized."""
        ...

    async def charge(self, key: str, rate: str | None) -> None:
        """Count one request of a caller; raises RateLimited."""
        ...


class RecallEndpoint:
    """An ASGI application for POSTs whose path ends with /recall or /recall:batch."""

    def __init__(self, serving: Serving, authenticator: Authenticator, observer: Observer) -> None:
        self._serving = serving
        self._recall = Recall(serving, observer)
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body, media = await self._reply(scope, receive)
        except FactStoreError as error:
            await _send(send, error.status, MEDIA_TYPE, problem_body(error), error.headers)
        except Exception as error:  # noqa: BLE001 - its message may hold names: only its kind is logged
            log.error("recall failed", error=type(error).__name__)  # noqa: TRY400
            unknown = FactStoreError("the service met an error of its own")
            await _send(send, unknown.status, MEDIA_TYPE, problem_body(unknown))
        else:
            await _send(send, 200, media, body)

    async def _reply(self, scope: Scope, receive: Receive) -> tuple[bytes, Media]:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        caller = scope["caller"] = await self._authenticator.identify(headers.get(b"authorization"))
        await self._authenticator.charge(caller.key, caller.rate)
        route = _ROUTE.fullmatch(scope["raw_path"])
        if route is None:
            raise NotFound("no such route")
        if scope["method"] != "POST":
            raise MethodNotAllowed(["POST"])
        scope["hidden"] = caller.scoped  # until it is seen to reach this dictionary
        dictionary = await self._serving.dictionary(_name(route[1]), caller.sees)
        scope["hidden"] = False
        if not caller.may("recall", dictionary):
            raise Forbidden("this key may not recall")
        by = Asker(caller.key, caller.relations(dictionary))
        if route[2] is None:
            return await self._one(dictionary, by, headers, receive)
        return await self._batch(dictionary, by, headers, receive)

    async def _one(
        self, dictionary: str, by: Asker, headers: dict[bytes, bytes], receive: Receive
    ) -> tuple[bytes, Media]:
        if recall_media.sent(headers.get(b"content-type", b"")) is not Media.JSON:
            raise UnsupportedMedia("one query is sent as JSON; lines and Arrow go to recall:batch")
        body = await _read(headers, receive, MAX_QUERY_BYTES)
        result = await self._recall.one(dictionary, recall_media.decode_query(body), by)
        return recall_media.encode_result(result), Media.JSON

    async def _batch(
        self, dictionary: str, by: Asker, headers: dict[bytes, bytes], receive: Receive
    ) -> tuple[bytes, Media]:
        media = recall_media.sent(headers.get(b"content-type", b""))
        body = await _read(headers, receive, MAX_BATCH_BYTES)
        batch: BatchQuery = await self._recall.run(recall_media.decode_batch, body, media)
        reply = await self._recall.batch(dictionary, batch, by)
        wanted = recall_media.accepted(headers.get(b"accept", b""), media)
        return await self._recall.run(recall_media.encode_batch, reply, wanted), wanted


def _name(quoted: bytes) -> str:
    try:
        return unquote_to_bytes(quoted).decode()
    except UnicodeDecodeError:
        raise NotFound("no such dictionary") from None


async def _read(headers: dict[bytes, bytes], receive: Receive, limit: int) -> bytes:
    """The whole body, of at most `limit` bytes; an announced length is believed when it is too large."""
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(f"a body may have at most {limit} bytes here")
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unprocessable("the body ended early")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more = message.get("more_body", False)
        if size > limit:
            raise TooLarge(f"a body may have at most {limit} bytes here")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _send(send: Send, status: int, media: str, body: bytes, more: Mapping[str, str] = NOTHING) -> None:
    headers = [(b"content-type", media.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
