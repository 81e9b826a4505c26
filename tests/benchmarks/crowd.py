"""What others notice of a caller who takes all that the service gives: their latency beside attacks, and without.

A query key asks single pairs and an admin key batches of one pair, one after another. Beside them run, each for as long
as its figures take: batches of as much work as a request may be, whose client hangs up; batches of 10,000 questions;
columns of half a million pairs; heads without an end from callers without a key; and idle connections. Bar: the 99th
percentile beside each is at most three times that without.

    python -m tests.benchmarks.crowd [SECONDS]
"""

import asyncio
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from service.workflows.recalls.queries import MAX_QUESTION, MAX_WORK
from tests.benchmarks import load, million
from tests.running import Running, fresh_dictionary, running_service, train, upload

SUBJECTS = 5_000  # ten facts each
PAUSE = 0.005  # seconds between two requests of the callers that are measured
Attack = Callable[["Target"], Awaitable[None]]


class Target:
    """Where an attack goes: a port, the path of a dictionary's recalls, and a query key."""

    def __init__(self, port: int, root: str, key: str, names: list[str]) -> None:
        self.port = port
        self.root = root
        self.key = key
        self.names = names

    async def send(self, body: bytes, *, reads: bool = True) -> None:
        """Send a batch, and read its reply or hang up as soon as it is sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(
                load.post(f"{self.root}:batch", body, key=self.key).replace(
                    b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1
                )
            )
            await writer.drain()
            if reads:
                while await reader.read(1 << 20):
                    pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def questions(count: int, length: int) -> bytes:
    """A batch of questions of so many Japanese characters, any stretch of which may be a name."""
    return msgspec.json.encode({"queries": [{"question": ("部品の納期はいつですか" * length)[:length]}] * count})


async def hang_up(target: Target) -> None:
    """Four connections, each with as much work as a request may be, left at once and opened again."""
    body = questions(MAX_WORK // (MAX_QUESTION + 1), MAX_QUESTION)
    await asyncio.gather(*(_again(lambda: target.send(body, reads=False), 0.05) for _ in range(4)))


async def ask_sentences(target: Target) -> None:
    """Four connections with batches of 10,000 questions."""
    body = questions(10_000, 60)
    await asyncio.gather(*(_again(lambda: target.send(body), 0) for _ in range(4)))


async def ask_columns(target: Target) -> None:
    """Two connections with columns of half a million pairs."""
    names = (target.names * (500_000 // len(target.names) + 1))[:500_000]
    body = msgspec.json.encode({"subjects": names, "relations": ["attribute 1"] * len(names)})
    await asyncio.gather(*(_again(lambda: target.send(body), 0) for _ in range(2)))


async def send_heads(target: Target) -> None:
    """Eight connections without a key that send a header without an end, as fast as it is taken."""

    async def send() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", target.port)
        try:
            writer.write(b"GET / HTTP/1.1\r\nx: ")
            while True:
                writer.write(b"a" * 65_536)
                await writer.drain()
        finally:
            writer.close()

    await asyncio.gather(*(_again(send, 0.01) for _ in range(8)))


async def stay_idle(target: Target) -> None:
    """400 connections that send nothing."""
    opened = [await asyncio.open_connection("127.0.0.1", target.port) for _ in range(400)]
    try:
        await asyncio.sleep(3600)
    finally:
        for _, writer in opened:
            writer.close()


ATTACKS: dict[str, Attack] = {
    "work whose client hangs up": hang_up,
    "batches of 10,000 questions": ask_sentences,
    "columns of 500,000 pairs": ask_columns,
    "heads without an end, no key": send_heads,
    "400 idle connections, no key": stay_idle,
}


async def _again(send: Callable[[], Awaitable[None]], pause: float) -> None:
    while True:
        with suppress(OSError):
            await send()
        await asyncio.sleep(pause)


def main(seconds: float = 10.0) -> None:
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder) / "data") as running:
        target, admin = _prepare(running, Path(folder) / "facts.csv")
        single = load.post(target.root, msgspec.json.encode(_pair(target)), key=_query_key(running))
        batch = load.post(f"{target.root}:batch", msgspec.json.encode({"queries": [_pair(target)]}), key=admin)
        for name, request in (("single recalls of another key", single), ("batches of one pair, admin's", batch)):
            before = _measure(target, request, seconds, None)
            print(f"{name}, alone: {_describe(before)}", flush=True)
            for attack, run in ATTACKS.items():
                beside = _measure(target, request, seconds, run)
                ratio = _percentile(beside, 0.99) / _percentile(before, 0.99)
                print(f"{name}, beside {attack}: {_describe(beside)}, {ratio:.2f} times the p99 alone", flush=True)


def _prepare(running: Running, path: Path) -> tuple[Target, str]:
    table = million.write(path, SUBJECTS)
    with running.client() as api:
        dictionary = fresh_dictionary(api)
        upload(api, dictionary, path.read_text(encoding="utf-8")).raise_for_status()
        train(api, dictionary)
    port = urlsplit(running.url).port or 80
    names = sorted({subject for subject, _, _ in table})
    return Target(port, f"/v1/dictionaries/{dictionary}/recall", _query_key(running), names), running.key


def _query_key(running: Running) -> str:
    with running.client() as api:
        key: str = api.post("/v1/keys", json={"role": "query"}).raise_for_status().json()["key"]
        return key


def _pair(target: Target) -> dict[str, str]:
    return {"subject": target.names[0], "relation": "attribute 1"}


def _measure(target: Target, request: bytes, seconds: float, attack: Attack | None) -> list[float]:
    """Latencies of one request after another, in seconds, while the attack runs in a process of its own."""
    attacker = get_context("spawn").Process(target=_run_attack, args=(target, attack)) if attack else None
    if attacker is not None:
        attacker.start()
        time.sleep(2)
    try:
        return _time_requests(target.port, request, seconds)
    finally:
        if attacker is not None:
            attacker.terminate()
            attacker.join()


def _run_attack(target: Target, attack: Attack) -> None:
    asyncio.run(attack(target))  # type: ignore[arg-type]


def _time_requests(port: int, request: bytes, seconds: float) -> list[float]:
    latencies, end = list[float](), time.perf_counter() + seconds
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(120)
        while time.perf_counter() < end:
            started = time.perf_counter()
            connection.sendall(request)
            reply = connection.recv(1 << 20)
            latencies.append(time.perf_counter() - started)
            if not reply.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(reply[:200].decode("latin-1"))
            time.sleep(PAUSE)
    return latencies


def _percentile(latencies: list[float], share: float) -> float:
    return sorted(latencies)[min(int(share * len(latencies)), len(latencies) - 1)]


def _describe(latencies: list[float]) -> str:
    return (
        f"{len(latencies)} requests, p50 {1e3 * _percentile(latencies, 0.5):.2f} ms, "
        f"p99 {1e3 * _percentile(latencies, 0.99):.2f} ms, longest {1e3 * max(latencies):.1f} ms"
    )


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
