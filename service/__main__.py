"""The service's commands: serve, work, migrate, keys, audit, backup, restore."""

import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import structlog
import typer
import uvicorn
from pydantic import ValidationError

from schemas.audit import AuditHead
from schemas.keys import KeyCreate, Role
from service.app import Service
from service.errors import FactStoreError
from service.settings import Settings
from service.storage import Database
from service.storage.migrate import upgrade
from service.worker import Supervisor
from service.worker import work as run_worker
from service.workflows.access import keys
from service.workflows.audit import Auditor, verify
from service.workflows.purges.backup import backup
from service.workflows.purges.replay import replay_all
from service.workflows.purges.restore import check_complete, occupy, restore

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
keys_app = typer.Typer(no_args_is_help=True)
audit_app = typer.Typer(no_args_is_help=True)
app.add_typer(keys_app, name="keys", help="API keys")
app.add_typer(audit_app, name="audit", help="the audit chain")

DRAIN_SECONDS = 4  # how long replies under way may take once the service is told to stop

Data = Annotated[Path | None, typer.Option(help="folder of the database, memories and secrets [FACTSTORE_DATA]")]


class Server(uvicorn.Server):
    """Says where it listens, once it does, and stops the worker while the last replies go out."""

    def __init__(self, config: uvicorn.Config, supervisor: Supervisor) -> None:
        super().__init__(config)
        self._supervisor = supervisor

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._supervisor.ask_to_stop()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print(f"serving {_url(self.config, sockets[0])}", flush=True)  # noqa: T201 - the line that callers wait for


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
    settings = _settings(data=data, host=host, port=port, tls_cert=tls_cert, tls_key=tls_key, behind_proxy=behind_proxy)
    db = _ready(settings)
    key, path = keys.bootstrap_key(settings)
    if path is not None:
        print(f"the admin key was written to {path}", flush=True)  # noqa: T201
    listening = _listen(settings.host, settings.port)
    config = _config(Service(db, settings, key), settings)
    url = settings.public_url or _url(config, listening)
    supervisor = Supervisor(settings.model_copy(update={"public_url": url}), _worker_name(settings))
    started = _run(Server(config, supervisor), listening, supervisor)
    db.close()
    _leave(0 if started else 1)


@app.command()
def work(
    data: Data = None,
    name: Annotated[str | None, typer.Option(help="of this worker, unlike any other's")] = None,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run a worker alone, until SIGTERM or Ctrl-C."""
    settings = _settings(data=data)
    _ready(settings).close()
    run_worker(settings, name or f"{socket.gethostname()}:{secrets.token_hex(4)}", parent=parent)
    _leave(0)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the newest shape. Every start does so by itself."""
    _open(_settings(data=data)).close()


@app.command("backup")
def make_backup(
    to: Annotated[Path, typer.Option(help="a new archive: FILE.tar, or FILE.tar.gz to compress it")],
    data: Data = None,
    without_secrets: Annotated[bool, typer.Option(help="leave secrets and the bootstrap key to be kept apart")] = False,
) -> None:
    """Write database, memories, reports and tombstones to one archive; the service may go on meanwhile."""
    settings = _settings(data=data)
    if not settings.data.is_dir():
        raise typer.BadParameter(f"{settings.data} is no data folder")
    db = _open(settings)
    with _told():
        written = backup(db, settings, to, secrets=not without_secrets)
    db.close()
    _say(f"{to}: {written.files} files, {written.bytes} bytes")
    if written.secrets:
        _say("the archive holds the facts and the secrets of the memories: keep it as you keep the data folder")
    else:
        _say("the archive holds no secrets: without secrets/ of the data folder its memories cannot be read")


@app.command("restore")
def restore_backup(
    archive: Annotated[Path, typer.Option("--from", help="an archive that backup wrote")],
    data: Data = None,
    tombstones: Annotated[
        Path | None, typer.Option(help="a newer copy of the tombstones, besides the folder's")
    ] = None,
    force: Annotated[bool, typer.Option(help="replace what is in the folder")] = False,
) -> None:
    """Put a backup in place of a data folder whose service is stopped; what was purged since is purged again."""
    with _told():
        done = restore(archive, _settings(data=data), tombstones=tombstones, force=force)
    _say(f"{done.files} files restored, {done.purged} of {done.tombstones} purges done again")
    if not done.secrets:
        _say("the archive held no secrets: put the secrets folder back before you start the service")
    if not done.tombstones:
        _say("no tombstones were found: facts purged after the backup was taken are back (see --tombstones)")


@keys_app.command("create")
def create_key(
    role: Annotated[Role, typer.Option()], label: Annotated[str, typer.Option()] = "", data: Data = None
) -> None:
    """Make an API key and print it: it is shown this once."""
    settings = _settings(data=data)
    db = _open(settings)
    made = keys.create(db, Auditor(db, settings), KeyCreate(role=role, label=label), by="command line")
    print(made.key)  # noqa: T201
    db.close()


@audit_app.command("verify")
def verify_audit(
    head: Annotated[str | None, typer.Option(help="a head that was exported earlier: a file, or its JSON")] = None,
    data: Data = None,
) -> None:
    """Read the whole chain: exit code 0 if it holds, 1 if an entry was altered, is missing or was cut off."""
    exported = None if head is None else _exported_head(head)
    settings = _settings(data=data)
    db = _open(settings)
    chain = Auditor(db, settings).chain
    with db.reading() as tx:
        verdict = verify.verify(tx, chain, exported)
    db.close()
    print(verify.describe(verdict))  # noqa: T201
    raise typer.Exit(0 if verdict.valid else 1)


def _exported_head(head: str) -> AuditHead:
    """From a file, or the JSON itself."""
    try:
        return AuditHead.model_validate_json(head if head.lstrip().startswith("{") else Path(head).read_text("utf-8"))
    except (OSError, ValueError):
        raise typer.BadParameter("--head is no head of an audit chain: a file, or JSON, as exported") from None


@contextmanager
def _told() -> Iterator[None]:
    """An error of ours as a sentence on stderr and exit code 1."""
    try:
        yield
    except FactStoreError as error:
        _say(error.detail)
        raise typer.Exit(1) from None


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201


def _settings(**given: Any) -> Settings:
    """The environment's settings, overruled by the options that were given."""
    _log_as_json()
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in error.errors())
        raise typer.BadParameter(problems) from None


def _open(settings: Settings) -> Database:
    settings.make_folders()
    db = Database(settings.database)
    upgrade(db)
    return db


def _ready(settings: Settings) -> Database:
    """A database that may be served: whole, and without what was purged after it was backed up."""
    with _told():
        settings.make_folders()
        occupy(settings.data)
        check_complete(settings)
        db = _open(settings)
        replay_all(db, settings)
    return db


def _run(server: Server, listening: socket.socket, supervisor: Supervisor) -> bool:
    """Whether it ever listened. Uvicorn raises the signal that ended it once more, which must not kill us then."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    supervisor.start()
    try:
        server.run(sockets=[listening])
    finally:
        supervisor.stop()
    return server.started


def _leave(code: int) -> NoReturn:
    """Everything is closed; taking torch's modules apart one by one would only cost seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise typer.BadParameter(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listening


def _config(service: Service, settings: Settings) -> uvicorn.Config:
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


def _worker_name(settings: Settings) -> str:
    """The one worker that a service with this data folder has."""
    return f"{socket.gethostname()}:{settings.data.resolve()}"


def _log_as_json() -> None:
    """One JSON object a line on stderr, ours and the libraries' warnings alike."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format='{"event": "%(name)s", "level": "%(levelname)s"}')


if __name__ == "__main__":
    app(prog_name="python -m service")
