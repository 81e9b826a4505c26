"""The service's commands: serve here, which listens before it has loaded much; the others in `service.commands`."""

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn

from service.command_line import Data, leave, settings_of
from service.front import Front
from service.settings import Settings

if TYPE_CHECKING:
    from service.app import Service
    from service.loading import Loaded

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

TICK_SECONDS = 1.0
DRAIN_SECONDS = 4  # how long replies under way may take once the service is told to stop


class Server(uvicorn.Server):
    """Listens at once and loads the service meanwhile; says where it listens once the service answers, and stops the
    worker while the last replies go out. `error`: what kept the service from being loaded.
    """

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        front = Front(self._load, self._say_where, self._fail)
        super().__init__(_config(front, settings))
        self.url = _url(self.config, listening)
        self.error: BaseException | None = None
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._settings = settings
        self._loaded: Loaded | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._loaded is not None:
            self._loaded.supervisor.ask_to_stop()
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """Until it is told to end. Uvicorn's own looks ten times a second; its Date header needs one."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TICK_SECONDS)

    def end(self) -> None:
        """Returns when the worker has ended and the database is closed."""
        if self._loaded is not None:
            self._loaded.supervisor.stop()
            self._loaded.db.close()

    def _load(self) -> "Service":
        from service.loading import load  # noqa: PLC0415 - all of the service, while /livez is answered already

        self._loaded = load(self._settings, self._settings.public_url or self.url)
        if self.should_exit:
            self._loaded.supervisor.ask_to_stop()
        return self._loaded.service

    def _say_where(self) -> None:
        print(f"serving {self.url}", flush=True)  # noqa: T201 - the line that callers wait for

    def _fail(self, error: BaseException) -> None:
        self.error, self.should_exit = error, True
        self._told.set()


@app.callback()
def _group() -> None:
    """The service of a fact store. A command keeps its name also where serve is the only one that is known."""


@app.command()
def serve(  # noqa: PLR0917 - typer reads the options from the parameters
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="[FACTSTORE_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="0 picks a free one [FACTSTORE_PORT]")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM [FACTSTORE_TLS_CERT]")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM [FACTSTORE_TLS_KEY]")] = None,
    behind_proxy: Annotated[bool | None, typer.Option(help="a proxy in front ends TLS")] = None,
) -> None:
    """Serve the API and run a worker beside it, until SIGTERM or Ctrl-C."""
    settings = settings_of(
        data=data, host=host, port=port, tls_cert=tls_cert, tls_key=tls_key, behind_proxy=behind_proxy
    )
    listening = _listen(settings.host, settings.port)
    server = Server(settings, listening)
    _run(server, listening)
    if server.error is not None:
        raise server.error
    leave(0 if server.started else 1)


def _run(server: Server, listening: socket.socket) -> None:
    """Until it is told to stop. Uvicorn raises the signal that ended it once more, which must not kill us then."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        server.run(sockets=[listening])
    finally:
        server.end()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise typer.BadParameter(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listening


def _config(service: Front, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        service,
        loop="uvloop",
        http="httptools",
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


def main() -> None:
    """`serve` is known by itself; whoever wants another command, or the list of them, waits for all of the service."""
    if sys.argv[1:2] != ["serve"]:
        from service.commands import app as others  # noqa: PLC0415 - serve listens before it has loaded so much

        app.add_typer(others)
    app(prog_name="python -m service")


if __name__ == "__main__":
    main()
