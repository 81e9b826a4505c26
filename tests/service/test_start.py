"""A service answers before it is fully loaded, and loads nothing that it does not need."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event

import httpx
import pytest

from service.server import Application, Front, Message, Receive, Send
from tests.running import fresh_dictionary, running_service, train

HEAVY = {"torch", "alembic", "pandas", "pyarrow", "httpx", "jwt"}
FACTS = "subject,relation,answer\na,r,1\n"
# A module that comes before PyTorch on the path and becomes PyTorch once the file GO exists.
HELD = """
import os, sys, time
while not os.path.exists(os.environ["GO"]):
    time.sleep(0.02)
sys.path.remove(os.path.dirname(__file__))
del sys.modules["torch"]
import torch
"""


def loaded(code: str, *arguments: str) -> set[str]:
    """The top-level modules that a process has loaded after this code."""
    told = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", told, *arguments]
    return set(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split())


@pytest.mark.parametrize("module", ["service.app", "service.worker"])
def test_what_waits_is_not_loaded_ahead(module: str) -> None:
    """Neither the API nor the worker loads PyTorch, Alembic, PyArrow, an HTTP client or pandas before it needs them."""
    assert not loaded(f"import {module}") & HEAVY


def test_a_process_listens_before_it_loads_the_service() -> None:
    """Before it listens, `serve` loads neither the database nor NumPy nor the routes."""
    assert not loaded("import service.__main__") & (HEAVY | {"sqlalchemy", "numpy", "fastapi", "cryptography"})


def test_a_current_database_is_opened_without_alembic(tmp_path: Path) -> None:
    """Alembic is loaded for a database that has to be migrated, and not for one that is current."""
    code = "from service.storage.migrate import open_database\nfrom service.settings import Settings\n"
    code += "from pathlib import Path\nopen_database(Settings(data=Path(sys.argv[1]))).close()"
    assert "alembic" in loaded(code, str(tmp_path / "data"))
    assert "alembic" not in loaded(code, str(tmp_path / "data"))


def test_a_small_upload_needs_no_pyarrow(tmp_path: Path) -> None:
    """A short CSV is read and counted without the libraries for large columns."""
    (tmp_path / "facts.csv").write_text(FACTS)
    code = "from pathlib import Path\nfrom service.ingest import Limits, Options, read_table\n"
    code += "assert len(read_table(Path(sys.argv[1]), 'text/csv', Options(), Limits()).accepted) == 1"
    assert not loaded(code, str(tmp_path / "facts.csv")) & HEAVY


def test_a_service_works_while_pytorch_is_still_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before PyTorch is loaded, /livez answers and an upload is stored; /readyz and a recall wait for it."""
    (tmp_path / "path" / "torch").mkdir(parents=True)
    (tmp_path / "path" / "torch.py").write_text(HELD)
    with running_service(tmp_path / "data") as running, running.client() as api:
        dictionary = fresh_dictionary(api, FACTS)
        assert train(api, dictionary)["state"] == "succeeded"
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'path'}{os.pathsep}{Path.cwd()}")
    monkeypatch.setenv("GO", str(tmp_path / "go"))
    with (
        running_service(tmp_path / "data", running.key) as held,
        held.client() as api,
        held.client() as other,
        ThreadPoolExecutor() as pool,
    ):
        ready = pool.submit(other.get, "/readyz")
        recalled = pool.submit(
            api.post, f"/v1/dictionaries/{dictionary}/recall", json={"subject": "a", "relation": "r"}
        )
        with held.client() as third:
            assert third.get("/livez").json() == {"status": "ok"}
            fresh_dictionary(third, FACTS)
            assert not ready.done()
            assert not recalled.done()
        (tmp_path / "go").touch()
        assert ready.result().status_code == 200
        assert recalled.result().json()["answers"] == ["1"]


class Loaded:
    """Stands in for a service: it answers every request with its path."""

    def __init__(self) -> None:
        self.lived: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.lived.append("begun")
        yield
        self.lived.append("ended")

    async def __call__(self, scope: Message, _: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})


async def behind(front: Front, work: Callable[[httpx.AsyncClient], object]) -> None:
    """Do `work` with a client of the front, between the startup and shutdown that an ASGI server would send."""
    told: asyncio.Queue[Message] = asyncio.Queue()
    heard: asyncio.Queue[Message] = asyncio.Queue()
    life = asyncio.create_task(front({"type": "lifespan"}, told.get, heard.put))
    await told.put({"type": "lifespan.startup"})
    assert (await heard.get())["type"] == "lifespan.startup.complete"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://front") as client:
        await work(client)  # type: ignore[misc]
    await told.put({"type": "lifespan.shutdown"})
    assert (await heard.get())["type"] == "lifespan.shutdown.complete"
    await life


def test_the_front_answers_before_the_service_is_loaded() -> None:
    """/livez is answered at once, other requests once the service is loaded; the service ends when the front does."""
    service, may_load, told = Loaded(), Event(), list[str]()

    def load() -> Application:
        may_load.wait()
        return service

    async def work(client: httpx.AsyncClient) -> None:
        waiting = asyncio.create_task(client.get("/v1/keys"))
        assert (await client.get("/livez")).json() == {"status": "ok"}
        assert (waiting.done(), told) == (False, [])
        may_load.set()
        assert (await waiting).text == "/v1/keys"
        assert (await client.get("/livez")).text == "/livez"

    asyncio.run(behind(Front(load, lambda: told.append("ready"), lambda _: told.append("failed")), work))
    assert (told, service.lived) == (["ready"], ["begun", "ended"])


def test_a_failure_to_load_is_reported() -> None:
    """Requests that waited are answered with 503, and the process gets the error."""
    told: list[BaseException] = []

    def load() -> Application:
        raise ValueError("no such folder")

    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.get("/v1/keys")).status_code == 503

    asyncio.run(behind(Front(load, lambda: None, told.append), work))
    assert [str(error) for error in told] == ["no such folder"]
