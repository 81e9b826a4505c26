"""The API process: the one place where its parts are wired together."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple

import structlog
from fastapi import FastAPI

from service.command_line import exit_on_error
from service.loops import keep_going, keep_going_async
from service.routes.context import Context
from service.routes.guard import App, Bodiless, Concealing, Guard, Hardened, Measured, Receive, Scope, Send, Watched
from service.routes.openapi import document
from service.routes.problems import handle_errors
from service.routes.recall import RecallEndpoint
from service.routes.routers import ROUTERS, ROUTES
from service.settings import Settings
from service.storage import Database, rates
from service.storage.changes import Watch
from service.supervisor import Supervisor
from service.turns import Turns
from service.workflows.access import keys
from service.workflows.access.authenticator import Authenticator
from service.workflows.access.limits import Limiter
from service.workflows.audit import Auditor
from service.workflows.audit.denials import Denials
from service.workflows.audit.verify import retain
from service.workflows.health import Readiness
from service.workflows.purges.restore import open_to_serve
from service.workflows.recalls.catalogue import StoredCatalogue
from service.workflows.recalls.live_use import LiveUse
from service.workflows.recalls.observe import Observer
from service.workflows.recalls.recall import prepare
from service.workflows.recalls.recorder import RecallRecorder
from service.workflows.recalls.serving import Serving
from service.workflows.recalls.shadow import ShadowRecalls
from service.workflows.versions.editors import Editors
from service.workflows.versions.loaded import LoadedVersions

if TYPE_CHECKING:
    from service.workflows.access.oidc import Tokens

log = structlog.get_logger()

# After so many new objects the garbage collector looks at them; every 20th time also at those that it kept once, and
# every 50th of these at all.
RARELY = (50_000, 20, 50)
LOOK = 0.1  # seconds until a commit of another process takes effect here: a revoked key, a moved alias
USAGE_EVERY = 30.0  # seconds between two writings of when keys were last used
DENIALS_EVERY = 60.0  # seconds that one audit entry about denials stands for
RETAIN_EVERY = 3600.0  # seconds between two removals of audit entries that are too old


class Service:
    """The ASGI application: recalls take a short path of their own, everything else goes through FastAPI."""

    def __init__(self, db: Database, settings: Settings, bootstrap_key: str) -> None:
        self._db = db
        self._settings = settings
        self._auditor = Auditor(db, settings)
        self._rates = rates.open_counters(db, settings.rates)
        self._authenticator = Authenticator(db, bootstrap_key, Limiter(self._rates, settings.rate), _tokens(settings))
        versions = LoadedVersions(settings)
        catalogue = StoredCatalogue(db, settings, versions)
        self._serving = Serving(catalogue)
        self._moved = asyncio.Event()
        editors = Editors(versions, self._serving.adopt)
        self._observer = Observer()
        self._observer.register(LiveUse(db, settings))
        self._observer.register(ShadowRecalls(db, catalogue))
        if settings.audit_recalls != "off":
            everything, missed = settings.audit_recalls == "all", self._observer.missed
            self._observer.register(RecallRecorder(db, self._auditor, everything=everything, missed=missed))
        self._recall = RecallEndpoint(self._serving, self._authenticator, self._observer)
        readiness = Readiness(db, self._serving, settings)
        uploads = Turns("upload", settings.uploads_at_once, most=settings.uploads_waiting + settings.uploads_at_once)
        self.api = _api(
            Context(db, settings, self._authenticator, readiness, self._auditor, editors, self._serving, uploads)
        )
        self._rest: App = Guard(Measured(self.api), self._authenticator, settings.max_body_bytes)
        self._denials = Denials(db, self._auditor)
        self._hardened: App = Hardened(Bodiless(Concealing(Watched(self._answer, self._denials, _paths()))))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._hardened(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(("/recall", "/recall:batch")):
            await self._recall(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background tasks of the service while it takes requests; ends them on leaving."""
        stopping = Event()
        watch = Thread(target=self._watch, args=(asyncio.get_running_loop(), stopping), name="watch", daemon=True)
        watch.start()
        tasks = [asyncio.create_task(work) for work in self._work()]
        self._observer.start()
        yield
        stopping.set()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.to_thread(watch.join)
        await asyncio.to_thread(self._observer.stop)
        await asyncio.to_thread(self._denials.write)
        self._authenticator.write_usage()

    async def _serve_memories(self) -> None:
        """Load PyTorch beside the first requests, then the champions, and keep up with aliases from then on."""
        loaded = asyncio.Event()
        loop = asyncio.get_running_loop()
        Thread(target=_prepare, args=(loop, loaded), name="prepare", daemon=True).start()
        await loaded.wait()
        await self._serving.watch(self._moved_on)

    def _watch(self, loop: asyncio.AbstractEventLoop, stopping: Event) -> None:
        """Look for commits of other processes, for keys and memories at once. A look in a thread costs half of what it
        costs in the event loop.
        """
        watch = Watch(self._db)

        def look() -> None:
            stopping.wait(LOOK)
            try:
                if watch.moved():
                    loop.call_soon_threadsafe(self._moved.set)
                    self._authenticator.refresh()
            except Exception:
                watch.forget()
                raise

        keep_going("watch", look, stopping)

    async def _moved_on(self) -> None:
        """Wait until another process has committed since the last return."""
        await self._moved.wait()
        self._moved.clear()

    def _work(self) -> Iterator[Coroutine[None, None, None]]:
        yield self._serve_memories()
        yield keep_going_async("usage", self._write_usage)
        yield keep_going_async("denials", self._write_denials)
        if self._settings.audit_keep_days is not None:
            yield keep_going_async("audit", partial(self._retain, self._settings.audit_keep_days))

    async def _write_denials(self) -> None:
        await asyncio.sleep(DENIALS_EVERY)
        await asyncio.to_thread(self._denials.write)

    async def _retain(self, days: float) -> None:
        """Remove audit entries that are older than `days`."""
        await asyncio.to_thread(retain, self._db, self._auditor, days)
        await asyncio.sleep(RETAIN_EVERY)

    async def _write_usage(self) -> None:
        await asyncio.sleep(USAGE_EVERY)
        await asyncio.to_thread(self._authenticator.write_usage)


def _tokens(settings: Settings) -> "Tokens | None":
    if not settings.oidc_issuer:
        return None
    from service.workflows.access.oidc import Tokens  # noqa: PLC0415 - an HTTP client and PyJWT, for those who need them

    return Tokens(settings)


def _paths() -> list[str]:
    """The path templates of all routes."""
    return ["/recall/recall:batch", *(getattr(route, "path", "") for route in ROUTES)]


def _prepare(loop: asyncio.AbstractEventLoop, loaded: asyncio.Event) -> None:
    """Load what recalls need, in a daemon thread, so that a service that is told to stop does not wait for it.

    The loaded objects live as long as the process. They are frozen: a garbage collection that visits them would hold up
    64 requests at once. The objects of requests hardly ever form cycles, so collections become rare: a batch of 10,000
    rows alone would cause 15 of them.
    """
    try:
        prepare()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*RARELY)
    except Exception as error:  # noqa: BLE001 - the first recall fails in the same way and reports it
        log.warning("background work failed", error=type(error).__name__)
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(loaded.set)


def _api(context: Context) -> FastAPI:
    api = FastAPI(
        title="Fact-Store",
        version=version("fact-store-pilot-kit"),
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    api.state.context = context
    api.openapi = lambda: document(api)  # type: ignore[method-assign]
    for router in ROUTERS:
        api.include_router(router)
    handle_errors(api, ROUTES)
    return api


class Loaded(NamedTuple):
    """A service that can take requests, with what has to be closed when it ends."""

    service: Service
    supervisor: Supervisor
    db: Database


def load(settings: Settings, url: str) -> Loaded:
    """Open the data folder, make the service and start its worker; `url` is where the worker reaches the API.

    Prints where the admin key was written if one was made. Raises typer.Exit, with the reason on stderr, where the
    folder cannot be served.
    """
    with exit_on_error():
        db = open_to_serve(settings)
    key, path = keys.bootstrap_key(settings)
    if path is not None:
        print(f"the admin key was written to {path}", flush=True)  # noqa: T201
    service = Service(db, settings, key)
    supervisor = Supervisor(settings.model_copy(update={"public_url": url}), _worker_name(settings))
    db.on_work = supervisor.ring
    supervisor.start()
    return Loaded(service, supervisor, db)


def _worker_name(settings: Settings) -> str:
    """The name of the one worker that the service of this data folder runs."""
    return f"{socket.gethostname()}:{settings.data.resolve()}"
