"""So many uploads may be under way at a time; one more is told to come again, before its body is read."""

import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx

from service.settings import Settings
from tests.running import PATIENCE, Running, fresh_dictionary, upload

FACTS = "subject,relation,answer\nPART-1,maker,Akita\n"


def begin(service: Running, dictionary: str) -> socket.socket:
    """Send an upload but for its last byte."""
    connection = socket.create_connection(("127.0.0.1", urlsplit(service.url).port or 80), PATIENCE)
    headers = [
        f"POST /v1/dictionaries/{dictionary}/uploads HTTP/1.1",
        "host: kit",
        f"authorization: Bearer {service.key}",
        "content-type: text/csv",
        "connection: close",
        f"content-length: {len(FACTS)}",
    ]
    connection.sendall("\r\n".join([*headers, "", FACTS[:-1]]).encode())
    return connection


def read_all(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as reply:
        return reply.read()


def wait_for_spooled(service: Running, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(list((service.data / "spool").iterdir())) != count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_more_uploads_than_the_service_takes_come_again(service: Running, api: httpx.Client) -> None:
    """With every place taken by bodies that are still on their way, 429 with Retry-After; each of those is stored when
    it ends, and then there is room.
    """
    most = Settings.model_fields["uploads_at_once"].default + Settings.model_fields["uploads_waiting"].default
    dictionary = fresh_dictionary(api)
    wait_for_spooled(service, 0)
    with ExitStack() as stack:
        open_uploads = [stack.enter_context(begin(service, dictionary)) for _ in range(most)]
        wait_for_spooled(service, most)
        refused = upload(api, dictionary, FACTS)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited"), refused.text
        assert refused.headers["retry-after"] == "5"
        for each in open_uploads:
            each.sendall(FACTS[-1:].encode())
        replies = list(map(read_all, open_uploads))
    assert [reply.partition(b"\r\n")[0] for reply in replies] == [b"HTTP/1.1 200 OK"] * most
    wait_for_spooled(service, 0)
    assert upload(api, dictionary, FACTS).status_code == 200
