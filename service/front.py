"""What answers before the service can: the socket is bound first, and the service is loaded beside it.

Until it is there /livez is answered here, and every other request waits for it. The front knows nothing of the service
but that it is an ASGI application with a life of its own, so that a process can listen before it has loaded anything.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Protocol

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ALIVE = b'{"status":"ok"}'
HEADERS = (
    (b"content-type", b"application/json"),
    (b"content-length", str(len(ALIVE)).encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class Application(Protocol):
    """The service behind the front: `running` is entered before its first request and left after its last."""

    def running(self) -> AbstractAsyncContextManager[None]: ...

    async def __call__(self, scope: Message, receive: Receive, send: Send, /) -> None: ...


class Front:
    """`load` makes the service, in a thread. `ready` is called once it answers, `failed` with what kept it from that;
    requests that waited are then answered by 503.
    """

    def __init__(
        self, load: Callable[[], Application], ready: Callable[[], None], failed: Callable[[BaseException], None]
    ) -> None:
        self._load = load
        self._ready = ready
        self._failed = failed
        self._running = AsyncExitStack()
        self._service: Application | None = None
        self._loading: asyncio.Task[Application | None]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._service is not None:
            await self._service(scope, receive, send)
        elif (scope["method"], scope["path"]) == ("GET", "/livez"):
            await _reply(send, 200, ALIVE)
        elif service := await asyncio.shield(self._loading):
            await service(scope, receive, send)
        else:
            await _reply(send, 503, b"")

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan: started at once, ended when the service has ended."""
        await receive()
        self._loading = asyncio.create_task(self._start())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._loading
        await self._running.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> Application | None:
        try:
            service = await asyncio.to_thread(self._load)
            await self._running.enter_async_context(service.running())
        except BaseException as error:  # noqa: BLE001 - told by whoever started the process, as its exit code
            self._failed(error)
            return None
        self._service = service
        self._ready()
        return service


async def _reply(send: Send, status: int, body: bytes) -> None:
    headers = HEADERS if body else [(b"content-length", b"0"), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
