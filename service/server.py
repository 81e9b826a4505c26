"""The ASGI server: it binds the socket first and loads the service while it already listens.

Until the service is loaded, `Front` answers /livez itself and every other request waits. It knows only the protocol
`Application`, so a process can listen before it has imported anything else.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn

from service.connection import bound_connections
from service.settings import Settings

if TYPE_CHECKING:
    from service.app import Loaded, Service

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TICK_SECONDS = 1.0
DRAIN_SECONDS = 4  # how long open replies may take once the service is told to stop

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
    """The ASGI application that uvicorn runs: it loads the service and then passes every request on to it.

    `load` makes the service, in a thread. `ready` is called once the service answers. Where loading fails, `failed` is
    called with the error, and the requests that waited are answered with 503.
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
            await self._run_lifespan(receive, send)
        elif self._service is not None:
            await self._service(scope, receive, send)
        elif (scope["method"], scope["path"]) == ("GET", "/livez"):
            await _reply(send, 200, ALIVE)
        elif service := await asyncio.shield(self._loading):
            await service(scope, receive, send)
        else:
            await _reply(send, 503, b"")

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        """Follow ASGI's lifespan protocol: startup completes at once, shutdown when the service has ended."""
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
        except BaseException as error:  # noqa: BLE001 - `failed` ends the process with it
            self._failed(error)
            return None
        self._service = service
        self._ready()
        return service


async def _reply(send: Send, status: int, body: bytes) -> None:
    headers = HEADERS if body else [(b"content-length", b"0"), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


class Server(uvicorn.Server):
    """Uvicorn with a `Front`: it prints its address once the service answers, and when it is told to stop, the worker
    stops while the last replies go out.

    url: where it listens. error: what kept the service from being loaded, or None.
    """

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        front = Front(self._load, self._print_url, self._fail)
        super().__init__(_config(front, settings))
        self.url = _url(self.config, listening)
        self.error: BaseException | None = None
        self._wake_up = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._settings = settings
        self._loaded: Loaded | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._loaded is not None:
            self._loaded.supervisor.ask_to_stop()
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake_up.set)

    async def main_loop(self) -> None:
        """Run until the server is told to stop. Uvicorn's own loop ticks ten times a second; its Date header needs one
        tick.
        """
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake_up.wait(), TICK_SECONDS)

    def end(self) -> None:
        """Wait for the worker to end, then close the database."""
        if self._loaded is not None:
            self._loaded.supervisor.stop()
            self._loaded.db.close()

    def _load(self) -> "Service":
        from service.app import load  # noqa: PLC0415 - all of the service, while /livez is answered already

        self._loaded = load(self._settings, self._settings.public_url or self.url)
        if self.should_exit:
            self._loaded.supervisor.ask_to_stop()
        return self._loaded.service

    def _print_url(self) -> None:
        print(f"serving {self.url}", flush=True)  # noqa: T201 - the line that callers wait for

    def _fail(self, error: BaseException) -> None:
        self.error, self.should_exit = error, True
        self._wake_up.set()


def _config(front: Front, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        front,
        loop="uvloop",
        http=bound_connections(behind_proxy=settings.behind_proxy),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=2048,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        proxy_headers=settings.behind_proxy,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def _url(config: uvicorn.Config, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"{'https' if config.is_ssl else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
