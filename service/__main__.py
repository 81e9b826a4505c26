"""The command line of the service. `serve` is defined here and listens before much is loaded; `service.commands` has
the other commands.
"""

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from service.command_line import Data, check_for_keys, leave, read_settings
from service.server import Server

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def _group() -> None:
    """The service of a fact store. Typer needs a callback to keep `serve` a subcommand while it is the only one."""


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
    settings = read_settings(
        data=data, host=host, port=port, tls_cert=tls_cert, tls_key=tls_key, behind_proxy=behind_proxy
    )
    listening = _listen(settings.host, settings.port)
    server = Server(settings, listening)
    _run(server, listening)
    if server.error is not None:
        raise server.error
    leave(0 if server.started else 1)


def _run(server: Server, listening: socket.socket) -> None:
    """Run the server until it is told to stop. Uvicorn raises the signal that stopped it once more; ignoring it here
    keeps that from killing the process.
    """
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


def main() -> None:
    """Run a command. `serve` starts without the modules of the others; any other command, and --help, imports them."""
    check_for_keys(sys.argv[1:], os.environ)
    if sys.argv[1:2] != ["serve"]:
        from service.commands import app as others  # noqa: PLC0415 - serve listens before it has loaded so much

        app.add_typer(others)
    app(prog_name="python -m service")


if __name__ == "__main__":
    main()
