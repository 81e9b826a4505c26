"""A real Postgres for tests: the server that FACTSTORE_TEST_POSTGRES names, or one that is started on a free port."""

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.running import PATIENCE

DEBIAN = Path("/usr/lib/postgresql")
OWNER = "postgres"  # whom Debian's package makes, since Postgres does not run as root


def fresh_database() -> str:
    """The address of an empty database."""
    server = _find_server()
    name = f"factstore_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@cache
def _find_server() -> URL:
    named = os.environ.get("FACTSTORE_TEST_POSTGRES")
    return make_url(named).set(drivername="postgresql+psycopg") if named else _start()


def _start() -> URL:
    """Start a server with a folder of its own, both of which go when the tests end."""
    programs = _find_programs()
    folder = tempfile.mkdtemp(prefix="factstore-postgres-")
    user = OWNER if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    data = f"{folder}/data"
    initialise: list[str | Path] = [
        programs / "initdb",
        "--pgdata",
        data,
        "--username",
        OWNER,
        "--auth",
        "trust",
        "--no-sync",
    ]
    subprocess.run(initialise, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    serve: list[str | Path] = [
        programs / "postgres",
        "-D",
        data,
        "-p",
        str(port),
        *(f"--{name}={each}" for name, each in settings.items()),
    ]
    server = subprocess.Popen(serve, user=user, cwd=folder, stderr=subprocess.DEVNULL)

    def stop() -> None:
        server.terminate()
        server.wait(PATIENCE)
        shutil.rmtree(folder)

    atexit.register(stop)
    url = URL.create("postgresql+psycopg", OWNER, host="127.0.0.1", port=port, database="postgres")
    _await(url)
    return url


def _find_programs() -> Path:
    """The folder of the newest server that Debian has installed, or of that on the path."""
    installed = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda program: float(program.parts[-3]))
    found = installed[-1] if installed else shutil.which("postgres")
    assert found, "no Postgres: apt-get install postgresql, or name a server by FACTSTORE_TEST_POSTGRES"
    return Path(found).parent


def _await(url: URL) -> None:
    engine = create_engine(url)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            engine.connect().close()
            break
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    engine.dispose()
