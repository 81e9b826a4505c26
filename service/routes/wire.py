"""The closed wire: what a request may say. Unknown or repeated names are refused, bodies are unpacked and decoded.

One rule for all routes: query parameters that a route does not have and repeated ones are 422, and so are repeated keys
of a JSON object; a body is UTF-8, or UTF-16 or UTF-32 where its first bytes or its charset say so; gzip and zstd are
unpacked under the cap on bodies.
"""

import codecs
import json
import zlib
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import zstandard
from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from service.errors import RequestError, TooLarge, Unprocessable, UnsupportedMedia

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Mapping[bytes, bytes]

SINGLE = frozenset(
    (b"authorization", b"content-type", b"content-encoding", b"content-length", b"idempotency-key", b"if-match")
)
"""Headers that a request has once: of two, one part of the way may read the first and another the second."""
_NOT_PACKED = "the body is not what its Content-Encoding says, or ends too early"
_SHOWN = 80  # characters of a name that an error repeats
_UNICODE = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii", "utf-8-sig")
_PIECE = 1 << 16  # bytes that are unpacked at once
_ZSTD_PIECE = 1 << 9  # packed bytes, each of which may be 32 KiB
_ZSTD_WINDOW = 1 << 27


class StrictRequest(Request):
    """A request whose JSON is read by `read_json`."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body(), self.headers.get("content-type", ""))
        return self._json


class ClosedRoute(APIRoute):
    """A route that refuses query parameters which it does not have."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        names = frozenset(_list_parameters(self.dependant))

        async def handle_closed(request: Request) -> Response:
            check_query(request.scope["query_string"], names)
            return await handle(StrictRequest(request.scope, request.receive))

        return handle_closed


def _list_parameters(dependant: Dependant) -> Iterator[str]:
    """The query parameters of a route and of what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _list_parameters(each)


class Router(APIRouter):
    """A router whose routes are closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=ClosedRoute, **options)


def check_headers(headers: Collection[tuple[bytes, bytes]]) -> None:
    """Raise RequestError for a header that stands there twice and is read once."""
    found = [name for name, _ in headers if name in SINGLE]
    if len(found) > len(set(found)):
        twice = next(name for name in found if found.count(name) > 1)
        raise RequestError(f"the header {twice.decode()} is sent twice")


def check_query(query: bytes, names: Collection[str]) -> None:
    """Raise Unprocessable for a query parameter that is not among `names`, or that stands there twice."""
    if not query:
        return
    seen = set[str]()
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in names:
            known = f"; it has {', '.join(sorted(names))}" if names else " and has none"
            raise Unprocessable(f"query: this route has no parameter {name[:_SHOWN]!r}{known}")
        if name in seen:
            raise Unprocessable(f"query: the parameter {name!r} is sent twice")
        seen.add(name)


def read_json(body: bytes, content_type: str) -> Any:
    """Decode a JSON body. Raises Unprocessable where it is none, or repeats a key."""
    text = to_utf8(body, content_type)
    try:
        return json.loads(text, object_pairs_hook=_make_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise Unprocessable(f"the body is no JSON: {error.msg}, line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Unprocessable("the body is no JSON that can be read: it is nested too deeply") from None
    except ValueError as error:
        raise Unprocessable("the body has a number of too many digits") from error


def check_keys(body: bytes) -> None:
    """Raise Unprocessable where a JSON body in UTF-8 repeats a key of an object; anything else is passed over."""
    try:
        json.loads(body, object_pairs_hook=_make_object)
    except (ValueError, RecursionError):
        return


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unprocessable(f"the body repeats the key {twice[:_SHOWN]!r} in one object")
    return made


def _refuse_constant(constant: str) -> None:
    raise Unprocessable(f"the body has {constant}, which is no JSON")


def to_utf8(body: bytes, content_type: str) -> bytes:
    """A JSON body in UTF-8 without a byte order mark. Raises Unprocessable where it is in another encoding."""
    charset = _get_charset(content_type)
    if charset is None and body[:1] in (b"{", b"[", b'"') and body[1:2] != b"\0":
        return body
    name = charset or json.detect_encoding(body)
    try:
        text = body.decode(name)
        return text.removeprefix("\ufeff").encode() if name != "utf-8" or text.startswith("\ufeff") else body
    except UnicodeError:
        raise Unprocessable(f"the body is not {name}: JSON is sent as UTF-8") from None


def _get_charset(content_type: str) -> str | None:
    """The charset that a Content-Type header names. Raises Unprocessable for one that JSON is not written in."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            try:
                charset = codecs.lookup(value.strip().strip("\"'")).name
            except (LookupError, ValueError):
                charset = ""
            if charset not in _UNICODE:
                raise Unprocessable("the charset of Content-Type is not one of JSON: send UTF-8")
            return charset
    return None


def unpack(headers: Headers, receive: Receive, limit: int) -> Receive:
    """`receive`, with a body that was sent packed unpacked, as far as `limit` bytes.

    Raises UnsupportedMedia for another Content-Encoding than gzip and zstd, TooLarge past the limit, Unprocessable
    where the data is damaged.
    """
    coding = headers.get(b"content-encoding", b"").strip().lower()
    if coding in (b"", b"identity"):
        return receive
    if coding not in (b"gzip", b"x-gzip", b"zstd"):
        raise UnsupportedMedia("this Content-Encoding is not supported: send gzip, zstd, or none")
    unpacker = _Zstd() if coding == b"zstd" else _Gzip()
    size = 0

    async def unpacked() -> MutableMapping[str, Any]:
        nonlocal size
        message = await receive()
        if message["type"] != "http.request":
            return message
        more, pieces = message.get("more_body", False), []
        try:
            for piece in unpacker.take(message.get("body", b"")):
                size += len(piece)
                if size > limit:
                    raise TooLarge.of_body(limit)
                pieces.append(piece)
        except (zlib.error, zstandard.ZstdError):
            raise Unprocessable(_NOT_PACKED) from None
        if not more and not unpacker.ended:
            raise Unprocessable(_NOT_PACKED)
        return {"type": "http.request", "body": b"".join(pieces), "more_body": more}

    return unpacked


class _Gzip:
    """Unpacks gzip, piece by piece; a file may have several members."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self._has_begun = False

    @property
    def ended(self) -> bool:
        return self._stream.eof or not self._has_begun

    def take(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof:
                self._stream = zlib.decompressobj(wbits=31)
            self._has_begun = True
            yield self._stream.decompress(data, _PIECE)
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail


class _Zstd:
    """Unpacks zstd, piece by piece; a file may have several frames."""

    def __init__(self) -> None:
        self._make = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj
        self._stream = self._make()
        self._has_begun = False

    @property
    def ended(self) -> bool:
        return self._stream.eof or not self._has_begun

    def take(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), _ZSTD_PIECE):
            piece = data[at : at + _ZSTD_PIECE]
            while piece:
                if self._stream.eof:
                    self._stream = self._make()
                self._has_begun = True
                yield self._stream.decompress(piece)
                piece = self._stream.unused_data if self._stream.eof else b""
