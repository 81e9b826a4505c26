"""The recall routes as plain ASGI: the hot path, beside FastAPI rather than in it.

    POST /v1/dictionaries/{d}/recall          one query -> one result (JSON)
    POST /v1/dictionaries/{d}/recall:batch    rows or columns (JSON, JSON lines, Arrow)

The key is checked first: nobody without one learns whether a dictionary exists or a body is too large.
"""

import re
from urllib.parse import unquote_to_bytes

import structlog
from starlette.requests import ClientDisconnect

from schemas.recall import BatchQuery
from service.errors import FactStoreError, Forbidden, MethodNotAllowed, NotFound, UnsupportedMedia
from service.routes import recall_media
from service.routes.guard import Receive, Scope, Send, read_body, send_problem, send_reply, while_connected
from service.routes.problems import describe
from service.routes.recall_media import Media
from service.routes.wire import check_headers, check_query
from service.turns import Turns, in_one
from service.workflows.access.authenticator import Action, Authenticator, Caller
from service.workflows.recalls.observe import Observer
from service.workflows.recalls.recall import Asker, Recall, weigh
from service.workflows.recalls.serving import Serving

log = structlog.get_logger()


MAX_QUERY_BYTES = 1 << 20
MAX_BATCH_BYTES = 64 << 20
ROWS_A_REQUEST = 1_000  # of a batch, that count as one more request of the key's rate

_ROUTE = re.compile(rb"/v1/dictionaries/([^/]+)/recall(:batch)?")


class RecallEndpoint:
    """An ASGI application for POSTs whose path ends with /recall or /recall:batch."""

    def __init__(self, serving: Serving, authenticator: Authenticator, observer: Observer) -> None:
        self._serving = serving
        self._turns = Turns("recall", threads=2)
        self._recall = Recall(serving, observer, self._turns)
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body, media = await self._reply(scope, receive)
        except FactStoreError as error:
            await send_problem(send, error)
        except ClientDisconnect:
            log.info("recall left", reason="the client has gone")
        except Exception as error:  # noqa: BLE001 - its message may hold names: only its kind is logged
            log.error("recall failed", error=type(error).__name__)  # noqa: TRY400
            await send_problem(send, describe(error))
        else:
            await send_reply(send, 200, media, body)

    async def _reply(self, scope: Scope, receive: Receive) -> tuple[bytes, Media]:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        check_headers(scope["headers"])
        caller = scope["caller"] = await self._authenticator.identify(headers.get(b"authorization"))
        await self._authenticator.charge(caller.key, caller.rate)
        route = _ROUTE.fullmatch(scope["raw_path"])
        if route is None:
            raise NotFound("no such route")
        if scope["method"] != "POST":
            raise MethodNotAllowed(["POST"])
        check_query(scope.get("query_string", b""), ())
        scope["hidden"] = caller.scoped  # until it is seen to reach this dictionary
        dictionary = await self._serving.dictionary(_name(route[1]), caller.sees)
        scope["hidden"] = False
        if not caller.may(Action.RECALL, dictionary):
            raise Forbidden("this key may not recall")
        by = Asker(caller.key, caller.relations(dictionary))
        if route[2] is None:
            return await self._one(dictionary, by, headers, receive)
        body = await read_body(headers, receive, MAX_BATCH_BYTES)
        return await while_connected(receive, self._batch(dictionary, caller, by, headers, body))

    async def _one(
        self, dictionary: str, by: Asker, headers: dict[bytes, bytes], receive: Receive
    ) -> tuple[bytes, Media]:
        if recall_media.request_media(headers.get(b"content-type", b"")) is not Media.JSON:
            raise UnsupportedMedia("one query is sent as JSON; lines and Arrow go to recall:batch")
        body = await read_body(headers, receive, MAX_QUERY_BYTES)
        query = recall_media.decode_query(body, headers.get(b"content-type", b""))
        result = await self._recall.one(dictionary, query, by)
        return recall_media.encode_result(result), Media.JSON

    async def _batch(
        self, dictionary: str, caller: Caller, by: Asker, headers: dict[bytes, bytes], body: bytes
    ) -> tuple[bytes, Media]:
        content = headers.get(b"content-type", b"")
        media = recall_media.request_media(content)
        decoding = in_one(recall_media.decode_batch, body, media, content)
        batch: BatchQuery = await self._turns.run(by.key, decoding)
        await self._authenticator.charge_more(caller.key, caller.rate, weigh(batch) // ROWS_A_REQUEST)
        reply = await self._recall.batch(dictionary, batch, by)
        wanted = recall_media.reply_media(headers.get(b"accept", b""), media)
        return await self._turns.run(by.key, in_one(recall_media.encode_batch, reply, wanted)), wanted


def _name(quoted: bytes) -> str:
    try:
        return unquote_to_bytes(quoted).decode()
    except UnicodeDecodeError:
        raise NotFound("no such dictionary") from None
