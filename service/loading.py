"""Loading a service: its database, its application and its worker, wired together once the process listens."""

import socket
from typing import NamedTuple

from service.app import Service
from service.opening import open_to_serve
from service.settings import Settings
from service.storage import Database
from service.supervisor import Supervisor
from service.workflows.access import keys


class Loaded(NamedTuple):
    """A service that can take requests, and what has to be ended with it."""

    service: Service
    supervisor: Supervisor
    db: Database


def load(settings: Settings, url: str) -> Loaded:
    """`url` is where the worker reaches the API. Prints where the admin key lies if one was made."""
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
    """The one worker that a service with this data folder has."""
    return f"{socket.gethostname()}:{settings.data.resolve()}"
