"""Recall's media types: JSON, JSON lines and Arrow IPC, chosen by Content-Type and Accept."""

from enum import StrEnum
from types import ModuleType

import msgspec

from schemas.recall import BatchQuery, BatchResult, ColumnsResult, Query, Result
from service.errors import Unprocessable, UnsupportedMedia
from service.routes.wire import check_keys, to_utf8


class Media(StrEnum):
    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    ARROW = "application/vnd.apache.arrow.stream"


_encoder = msgspec.json.Encoder()
_query = msgspec.json.Decoder(Query)
_batch = msgspec.json.Decoder(BatchQuery)


UNSPECIFIC = ("", "application/x-www-form-urlencoded")  # curl -d sends the latter with whatever body


def request_media(content_type: bytes) -> Media:
    """The media type of a request's body; JSON where the header names none. Raises UnsupportedMedia."""
    named = _essence(content_type.decode("latin-1"))
    if named in UNSPECIFIC:
        return Media.JSON
    try:
        return Media(named)
    except ValueError:
        raise UnsupportedMedia(f"send one of {', '.join(Media)}") from None


def reply_media(accept: bytes, default: Media) -> Media:
    """The first media type of the Accept header that recall speaks; `default` where it names none of them."""
    named = map(_essence, accept.decode("latin-1").split(","))
    return next((media for essence in named for media in Media if essence == media), default)


def decode_query(body: bytes, content_type: bytes = b"") -> Query:
    """Decode one query. Raises Unprocessable where the body is none, or repeats a key."""
    body = to_utf8(body, content_type.decode("latin-1"))
    try:
        query = _query.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _undecodable(error) from None
    _check_keys(body, query)
    return query


def decode_batch(body: bytes, media: Media, content_type: bytes = b"") -> BatchQuery:
    """JSON as sent, JSON lines as rows, Arrow as columns; raises Unprocessable and says where."""
    if media is Media.ARROW:
        decoded: BatchQuery = _arrow().decode(body)
        return decoded
    body = to_utf8(body, content_type.decode("latin-1"))
    if media is Media.NDJSON:
        return BatchQuery(_decode_lines(body))
    try:
        batch = _batch.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _undecodable(error) from None
    _check_keys(body, batch)
    return batch


def _decode_lines(body: bytes) -> list[Query]:
    try:
        queries = _query.decode_lines(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        filled = ((line, text) for line, text in enumerate(body.split(b"\n"), start=1) if text.strip())
        for index, (line, text) in enumerate(filled):
            _decode_line(text, f"line {line}, queries[{index}]")
        raise Unprocessable("the body has a line that is no query") from None
    _check_keys(body, queries)
    return queries


def _decode_line(text: bytes, place: str) -> None:
    try:
        _query.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unprocessable(f"{place}: {_undecodable(error).detail}") from None


_KEY_ENDS = b'":'


def _check_keys(body: bytes, decoded: Query | BatchQuery | list[Query]) -> None:
    """Raise Unprocessable where a key is repeated, of which the decoder keeps the last.

    Written anew, what was decoded has each key once, and what looks like the end of a key within a name as often as
    the body. Where the body has more of them or fewer (a null, a space before a colon), it is read again, key by key.
    """
    if body.count(_KEY_ENDS) != _encoder.encode(decoded).count(_KEY_ENDS):
        for document in (body, *body.split(b"\n")):
            check_keys(document)


def encode_result(result: Result) -> bytes:
    return _encoder.encode(result)


def encode_batch(reply: BatchResult | ColumnsResult, media: Media) -> bytes:
    if media is Media.ARROW:
        encoded: bytes = _arrow().encode(reply)
        return encoded
    return _encoder.encode_lines(_lines(reply)) if media is Media.NDJSON else _encoder.encode(reply)


def _lines(reply: BatchResult | ColumnsResult) -> list[Result] | list[dict[str, object]]:
    if isinstance(reply, BatchResult):
        return list(reply.results)
    columns = zip(reply.statuses, reply.answers, reply.margins, strict=True)
    return [{"status": status, "answers": answers, "margin": margin} for status, answers, margin in columns]


def _arrow() -> ModuleType:
    from service.routes import recall_arrow  # noqa: PLC0415 - PyArrow, for callers that speak it

    return recall_arrow


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _undecodable(error: Exception) -> Unprocessable:
    return Unprocessable("the body is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error))
