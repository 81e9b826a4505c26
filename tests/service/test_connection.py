"""What is no HTTP request is refused on the socket in the form of every other refusal, and stops nobody else."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn

from service import connection
from service.connection import MOST_HEAD, Connection
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


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that waits for the end of a head for a tenth of a second."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)

    async def reply(_: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]

    server = uvicorn.Server(uvicorn.Config(reply, http=Connection, ws="none", lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(PATIENCE)


def test_a_slow_head_is_given_up(impatient: str) -> None:
    """One that was begun is told so; one that never was is closed."""
    problem = read_problem(exchange(impatient, b"GET /livez HTTP/1.1\r\nHost:"))
    assert (problem["status"], problem["code"]) == (408, "invalid_request")
    assert exchange(impatient, b"") == b""
    problem = read_problem(exchange(impatient, GOOD + b"GET /livez HTTP/1.1\r\nHost:"))
    assert problem["status"] == 408
