"""What is no HTTP request is refused on the socket in the form of every other refusal, and stops nobody else."""

import asyncio
import json
import resource
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn

from service import connection
from service.connection import MOST_HEAD, Connection, bound_connections
from tests.running import PATIENCE, Running

GOOD = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST /v1/dictionaries HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"


def exchange(url: str, sent: bytes, *, more: Iterable[bytes] = ()) -> bytes:
    """What comes back on a connection of its own until the other side closes it."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE) as line:
        line.sendall(sent)
        try:
            for piece in more:
                line.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return _read_all(line)


def _read_all(line: socket.socket) -> bytes:
    pieces: list[bytes] = []
    try:
        while piece := line.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def read_problem(reply: bytes) -> dict[str, object]:
    head, _, body = reply.rpartition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    problem: dict[str, object] = json.loads(body)
    assert f"HTTP/1.1 {problem['status']} ".encode() in head
    return problem


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS client at a port without TLS
        b"hello\r\n\r\n",
        b"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /li\xffvez HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHo st: x\r\n\r\n",
        b"POST /v1/dictionaries HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
        b"POST /v1/dictionaries HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem(service: Running, sent: bytes) -> None:
    problem = read_problem(exchange(service.url, sent))
    assert (problem["status"], problem["code"]) == (400, "invalid_request")


def test_a_broken_body_gets_one_reply(service: Running) -> None:
    """A chunk without a length: refused, whether or not the route has begun to answer."""
    key = b"Authorization: Bearer " + service.key.encode() + b"\r\n"
    for head in (CHUNKED + b"\r\n", CHUNKED + key + b"\r\n"):
        reply = exchange(service.url, head + b"zz\r\n")
        assert reply.count(b"content-length: ") == 1
        assert reply.split()[1] in {b"400", b"401"}


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"x" * MOST_HEAD + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * MOST_HEAD + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"X-Many: x\r\n" * (MOST_HEAD // 6) + b"\r\n",
    ],
)
def test_a_long_head_is_refused(service: Running, sent: bytes) -> None:
    problem = read_problem(exchange(service.url, sent))
    assert (problem["status"], problem["code"]) == (431, "too_large")


def test_a_head_without_end_is_refused(service: Running) -> None:
    """It is cut off after a few of the pieces, long before it fills the memory."""
    sent = 0

    def go_on() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += MOST_HEAD
            yield b"x" * MOST_HEAD

    exchange(service.url, b"GET /livez HTTP/1.1\r\nX-Long: ", more=go_on())
    assert sent < 1 << 28  # what the sockets' buffers hold, and no more


def test_heads_and_bodies_up_to_the_limit_pass(service: Running) -> None:
    """A body is none of the head, and many requests on one connection are counted one by one."""
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {service.key}"}) as client:
        for _ in range(3):
            assert client.get("/livez", headers={"X-Long": "x" * (MOST_HEAD - 1000)}).status_code == 200
            assert client.post("/v1/dictionaries", content=b" " * 4 * MOST_HEAD).status_code == 422
    piped = exchange(service.url, GOOD * 100 + b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert piped.count(b"HTTP/1.1 200 OK") == 101


BIG = b"x" * (64 << 20)  # more than the buffers of a socket hold


@pytest.fixture
def patient() -> Iterator[str]:
    """A server that takes three connections of one address. A GET is answered with what the path names; a POST, once
    its body has come.
    """

    async def reply(scope: dict[str, str], receive: Any, send: Any) -> None:
        while scope["method"] == "POST" and (await receive()).get("more_body"):
            pass
        body = BIG if scope["path"] == "/big" else b"ok"
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    few: Any = type("Few", (Connection,), {"most_of_one": 3})
    application: Any = reply
    server = uvicorn.Server(uvicorn.Config(application, http=few, ws="none", lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(PATIENCE)


@pytest.fixture
def impatient(patient: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, waiting for a tenth of a second."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.1)
    return patient


def test_a_slow_head_is_given_up(impatient: str) -> None:
    """One that was begun is told so; one that never was is closed."""
    problem = read_problem(exchange(impatient, b"GET /livez HTTP/1.1\r\nHost:"))
    assert (problem["status"], problem["code"]) == (408, "invalid_request")
    assert exchange(impatient, b"") == b""
    problem = read_problem(exchange(impatient, GOOD + b"GET /livez HTTP/1.1\r\nHost:"))
    assert problem["status"] == 408


def test_a_body_that_stops_is_given_up(impatient: str) -> None:
    """And so is one that trickles: what it was told may be lost with the connection, which it goes on writing to."""
    head = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    assert read_problem(exchange(impatient, head + b"begun"))["status"] == 408

    def trickle() -> Iterator[bytes]:
        while True:
            time.sleep(0.02)
            yield b"x"

    assert exchange(impatient, head, more=trickle())[:12] in {b"", b"HTTP/1.1 408"}


def test_a_body_in_many_pieces_passes(patient: str) -> None:
    head = b"POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 20000000\r\n\r\n"
    assert exchange(patient, head, more=[b"x" * 1_000_000] * 20).endswith(b"ok")


def test_a_caller_who_does_not_read_is_given_up(impatient: str) -> None:
    """The connection ends in the middle of the reply."""
    ask = b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    place = urlsplit(impatient)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE) as line:
        line.sendall(ask)
        deadline = time.monotonic() + PATIENCE
        while count_connections(place.port or 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(_read_all(line)) < len(BIG)


def test_a_long_reply_comes_whole(patient: str) -> None:
    assert len(exchange(patient, b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) > len(BIG)


def count_connections(port: int) -> int:
    """How many connections to this port the system still holds open on the side of the server."""
    rows = [row.split() for row in Path("/proc/self/net/tcp").read_text("ascii").splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_one_address_has_so_many_connections(patient: str) -> None:
    """The next one is told when to try again, and gets its place once another has closed."""
    place = urlsplit(patient)
    address = (place.hostname or "", place.port or 0)
    held = [socket.create_connection(address, timeout=PATIENCE) for _ in range(3)]
    for line in held:
        line.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
    refused = exchange(patient, b"")
    for line in held:
        line.close()
    problem = read_problem(refused)
    assert (problem["status"], problem["code"]) == (503, "unavailable")
    deadline = time.monotonic() + PATIENCE
    while b" 200 " not in exchange(patient, GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")):
        assert time.monotonic() < deadline


def test_the_process_keeps_files_for_itself() -> None:
    """A bound on connections leaves room for the database, and a proxy in front may have all of them."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    own, proxied = bound_connections(behind_proxy=False), bound_connections(behind_proxy=True)
    assert own.most_of_one < own.most == proxied.most_of_one <= Connection.most
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= max(soft, own.most)
