"""The recall endpoint behind a real socket, with memories that are exact tables."""

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from service.routes.guard import Receive, Scope, Send
from service.routes.recall import RecallEndpoint
from service.workflows.recalls.observe import Observer
from service.workflows.recalls.serving import Serving
from tests.service.workflows.recalls.shelf import KEY, Door, Shelf

PARTS = [
    ("PART-1", "pack quantity", "24"),
    ("PART-1", "maker", "Akita"),
    ("PART-2", "pack quantity", "12"),
    ("PART-2", "maker", "Beppu"),
    ("PART-2", "maker", "Chiba"),
    ("PART-3", "maker", "Nowhere"),
    ("Akita", "city", "秋田市"),
    ("Beppu", "city", "別府市"),
    ("秋田市", "post code", "010-0000"),
    ("別府市", "post code", "874-0000"),
]


class Server:
    """An ASGI application that hands every request to the endpoint of the test that runs."""

    endpoint: RecallEndpoint

    def __init__(self, port: int) -> None:
        self.port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.endpoint(scope, receive, send)


@pytest.fixture
def shelf() -> Shelf:
    """One dictionary, `parts 1/2` (dic_1), with a champion."""
    shelf = Shelf({"parts 1/2": "dic_1", "empty": "dic_2"})
    shelf.put("mem_1", PARTS)
    return shelf


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One uvicorn on a free port of the loopback, in a thread of its own, for whichever endpoint a test hangs in."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Server(listener.getsockname()[1])
    config = uvicorn.Config(app, lifespan="off", ws="none", log_level="warning", access_log=False)
    uvicorn_server = uvicorn.Server(config)
    thread = threading.Thread(target=uvicorn_server.run, args=([listener],))
    thread.start()
    while not uvicorn_server.started:
        time.sleep(0.01)
    yield app
    uvicorn_server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture
def port(server: Server, shelf: Shelf) -> int:
    """A new endpoint over the shelf, which has loaded nothing yet."""
    server.endpoint = RecallEndpoint(Serving(shelf), Door(), Observer())
    return server.port


@pytest.fixture
def http(port: int) -> Iterator[httpx.Client]:
    headers = {"authorization": KEY.decode()}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1/dictionaries/dic_1", headers=headers) as client:
        yield client
