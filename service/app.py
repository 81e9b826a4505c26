"""The API process: the one place where its parts are wired together."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from threading import Event, Thread
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI

from service.routes import (
    absence,
    aliases,
    audit,
    dictionaries,
    experiments,
    facts,
    gates,
    grants,
    health,
    jobs,
    keys,
    live_use,
    memories,
    names,
    pages,
    policies,
    reports,
    reviews,
    scrubs,
    shadow,
    uploads,
)
from service.routes.context import Context
from service.routes.denials import Watched
from service.routes.guard import App, Guard, Measured, Receive, Scope, Send
from service.routes.headers import Hardened
from service.routes.openapi import document
from service.routes.problems import handle_errors
from service.routes.recall import RecallEndpoint
from service.settings import Settings
from service.storage import Database, rates
from service.storage.changes import Watch
from service.workflows.access.authenticator import Authenticator
from service.workflows.access.limits import Limiter
from service.workflows.audit import Auditor
from service.workflows.audit.denials import Denials
from service.workflows.audit.retention import retain
from service.workflows.health import Readiness
from service.workflows.recalls.catalogue import StoredCatalogue
from service.workflows.recalls.live_use import LiveUse
from service.workflows.recalls.observe import Observer
from service.workflows.recalls.recall import prepare
from service.workflows.recalls.recorder import RecallRecorder
from service.workflows.recalls.serving import Serving
from service.workflows.recalls.shadow_recalls import ShadowRecalls
from service.workflows.versions.editors import Editors
from service.workflows.versions.loaded import Versions

if TYPE_CHECKING:
    from service.workflows.access.oidc import Tokens

log = structlog.get_logger()

LOOK = 0.1  # seconds until what another process committed counts here: a revoked key, a moved alias
USAGE_EVERY = 30.0  # seconds between two writings of when keys were last used
DENIALS_EVERY = 60.0  # seconds that one audit entry about denials stands for
RETAIN_EVERY = 3600.0  # seconds between two looks for audit entries that are too old
ROUTERS = (
    health,
    dictionaries,
    uploads,
    facts,
    memories,
    jobs,
    aliases,
    reports,
    experiments,
    keys,
    grants,
    audit,
    gates,
    shadow,
    reviews,
    live_use,
    scrubs,
    policies,
    names,
    absence,
    pages,
)
ROUTES = [route for routes in ROUTERS for route in routes.router.routes]


class Service:
    """The ASGI application: recall goes its own short way, everything else through FastAPI."""

    def __init__(self, db: Database, settings: Settings, bootstrap_key: str) -> None:
        self._db = db
        self._settings = settings
        self._auditor = Auditor(db, settings)
        self._rates = rates.counters(db, settings.rates)
        self._authenticator = Authenticator(db, bootstrap_key, Limiter(self._rates, settings.rate), _tokens(settings))
        versions = Versions(settings)
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
        readiness = Readiness(db, self._serving)
        self.api = _api(Context(db, settings, self._authenticator, readiness, self._auditor, editors, self._serving))
        self._rest: App = Guard(Measured(self.api), self._authenticator, settings.max_body_bytes)
        self._denials = Denials(db, self._auditor)
        self._hardened: App = Hardened(Watched(self._answer, self._denials, _paths()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._hardened(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(("/recall", "/recall:batch")):
            await self._recall(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The service's work beside its requests, for as long as it takes them."""
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
        """PyTorch is loaded beside the first requests, champions ahead of the first recalls."""
        loaded = asyncio.Event()
        loop = asyncio.get_running_loop()
        Thread(target=_prepare, args=(loop, loaded), name="prepare", daemon=True).start()
        await loaded.wait()
        await self._serving.watch(self._moved_on)

    def _watch(self, loop: asyncio.AbstractEventLoop, stopping: Event) -> None:
        """One look serves keys and memories; in a thread, which a look costs half of what it costs the event loop."""
        watch = Watch(self._db)
        while not stopping.wait(LOOK):
            try:
                if watch.moved():
                    loop.call_soon_threadsafe(self._moved.set)
                    self._authenticator.refresh()
            except Exception as error:  # noqa: BLE001 - a database that is away is met again at the next look
                log.warning("background work failed", error=type(error).__name__)

    async def _moved_on(self) -> None:
        """Returns when the change signal has moved since the last return."""
        await self._moved.wait()
        self._moved.clear()

    def _work(self) -> tuple[Coroutine[None, None, None], ...]:
        return self._serve_memories(), self._write_usage(), self._write_denials(), self._retain()

    async def _write_denials(self) -> None:
        while True:
            await asyncio.sleep(DENIALS_EVERY)
            await _contained(self._denials.write)

    async def _retain(self) -> None:
        """Let go of audit entries that are older than they are to be kept."""
        days = self._settings.audit_keep_days
        while days is not None:
            await _contained(retain, self._db, self._auditor, days)
            await asyncio.sleep(RETAIN_EVERY)

    async def _write_usage(self) -> None:
        while True:
            await asyncio.sleep(USAGE_EVERY)
            await asyncio.to_thread(self._authenticator.write_usage)


def _tokens(settings: Settings) -> "Tokens | None":
    if not settings.oidc_issuer:
        return None
    from service.workflows.access.oidc import Tokens  # noqa: PLC0415 - an HTTP client and PyJWT, for those who need them

    return Tokens(settings)


def _paths() -> list[str]:
    """The templates of all routes."""
    return ["/recall/recall:batch", *(getattr(route, "path", "") for route in ROUTES)]


def _prepare(loop: asyncio.AbstractEventLoop, loaded: asyncio.Event) -> None:
    """Load what recalls need; a thread of its own, for which a service that is told to end does not wait. The objects
    live as long as the process: a collection that visits them stops 64 requests for a while, so none does.
    """
    try:
        prepare()
        gc.collect()
        gc.freeze()
    except Exception as error:  # noqa: BLE001 - the first recall meets it again and tells
        log.warning("background work failed", error=type(error).__name__)
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(loaded.set)


async def _contained(work: Callable[..., object], *args: object) -> None:
    """In a thread; a fault is logged by kind, and met again at the next turn."""
    try:
        await asyncio.to_thread(work, *args)
    except Exception as error:  # noqa: BLE001 - its message may hold names
        log.warning("background work failed", error=type(error).__name__)


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
    for routes in ROUTERS:
        api.include_router(routes.router)
    handle_errors(api, ROUTES)
    return api
