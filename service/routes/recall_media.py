"""Recall's media types: JSON, JSON lines and Arrow IPC, chosen by Content-Type and Accept."""

from enum import StrEnum
from types import ModuleType

import msgspec

from schemas.recall import BatchQuery, BatchResult, ColumnsResult, Query, Result
from service.errors import Unprocessable, UnsupportedMedia


class Media(StrEnum):
    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    ARROW = "application/vnd.apache.arrow.stream"


_encoder = msgspec.json.Encoder()
_query = msgspec.json.Decoder(Query)
_batch = msgspec.json.Decoder(BatchQuery)


NOT_MEANT = ("", "application/x-www-form-urlencoded")  # curl -d names the latter whatever it sends


def sent(content_type: bytes) -> Media:
    """The media type of a request's body, JSON where none is meant; raises UnsupportedMedia."""
    named = _essence(content_type.decode("latin-1"))
    if named in NOT_MEANT:
        return Media.JSON
    try:
        return Media(named)
    except ValueError:
        raise UnsupportedMedia(f"send one of {', '.join(Media)}") from None


def accepted(accept: bytes, default: Media) -> Media:
    """The first media type of the Accept header that recall speaks; `default` where it names none of them."""
    named = map(_essence, accept.decode("latin-1").split(","))
    return next((media for essence in named for media in Media if essence == media), default)


def decode_query(body: bytes) -> Query:
    try:
        return _query.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _undecodable(error) from None


def decode_batch(body: bytes, media: Media) -> BatchQuery:
    """JSON as sent, JSON lines as rows, Arrow as columns; raises Unprocessable and says where."""
    if media is Media.ARROW:
        decoded: BatchQuery = _arrow().decode(body)
        return decoded
    try:
        return BatchQuery(_query.decode_lines(body)) if media is Media.NDJSON else _batch.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _undecodable(error) from None


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
