"""Recall of a million facts through HTTP, client and server on this machine, beside a no-op FastAPI endpoint.

Bars: batches of 10,000 rows at least 100,000 facts/s, columns faster; single recall at 64 connections at least as many
requests/s as the no-op, and 99 % of them under 15 ms. Client time counts: every reply is decoded and checked.
A small dictionary is taught first, so that no figure contains the loading of the service, which `start` measures.

    python -m tests.benchmarks.http_recall [SUBJECTS]
"""

import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from pilot.client import FactStore
from pilot.embedded import embedded_service
from pilot.reading import ReadingOptions
from schemas.recall import BatchResult, ColumnsResult, Result
from tests.benchmarks import load, million

Fact = tuple[str, str, str]

BATCH = 10_000
BATCHES = 30
SINGLES = 20_000
CONNECTIONS = 64
ROUNDS = 3

_rows = msgspec.json.Decoder(BatchResult)
_columns = msgspec.json.Decoder(ColumnsResult)
_result = msgspec.json.Decoder(Result)


def main(subjects: int = 100_000) -> None:
    with tempfile.TemporaryDirectory() as folder, embedded_service() as service:
        path = Path(folder) / "facts.csv"
        table = million.write(path, subjects)
        with FactStore(service.url, service.api_key, timeout=600) as store:
            _warm_up(store, Path(folder) / "few.csv")
            dictionary = _train(store, path)
        port = urlsplit(service.url).port or 80
        root = f"/v1/dictionaries/{dictionary}/recall"
        _batches(port, root, service.api_key, table)
        with _serve_noop() as beside:
            _singles(port, beside, root, service.api_key, table)


def _warm_up(store: FactStore, path: Path) -> None:
    million.write(path, 100)
    dictionary = store.create_dictionary("warm-up").id
    store.upload(dictionary, path, ReadingOptions())
    store.wait(store.train(dictionary).id)


def _train(store: FactStore, path: Path) -> str:
    """Upload, train, verify, publish; the time of each is printed."""
    dictionary = store.create_dictionary("benchmark").id
    started = time.perf_counter()
    receipt = store.upload(dictionary, path, ReadingOptions())
    uploaded = time.perf_counter() - started
    store.wait(store.train(dictionary).id)
    taken = time.perf_counter() - started
    print(f"{receipt.accepted:,} facts: uploaded in {uploaded:.1f} s, verified and served after {taken:.1f} s")
    return dictionary


def _batches(port: int, root: str, key: str, table: Sequence[Fact]) -> None:
    draw = random.Random(1)
    for form in ("rows", "columns"):
        for connections in (1, 2):
            asked = [draw.choices(table, k=BATCH) for _ in range(BATCHES)]
            requests = [load.post(f"{root}:batch", make_body(form, facts), key=key) for facts in asked]
            figures = load.run(port, requests, connections=connections, check=make_check(form, asked))
            print(
                f"batches of {BATCH:,} {form}, {connections} connections: {BATCH * figures.per_second:,.0f} facts/s, "
                f"{figures.right:,} of {BATCH * BATCHES:,} right, {figures.failed} failed"
            )


def make_body(form: str, facts: Sequence[Fact]) -> bytes:
    if form == "rows":
        queries = [{"subject": subject, "relation": relation} for subject, relation, _ in facts]
        return msgspec.json.encode({"queries": queries})
    subjects, relations, _ = zip(*facts, strict=True)
    return msgspec.json.encode({"subjects": subjects, "relations": relations})


def _answers(form: str, body: bytes) -> Sequence[Sequence[str]]:
    if form == "columns":
        return _columns.decode(body).answers
    return [result.answers for result in _rows.decode(body).results]


def make_check(form: str, asked: Sequence[Sequence[Fact]]) -> load.Check:
    def check(number: int, body: bytes) -> int:
        answers = _answers(form, body)
        return sum(held == [answer] for held, (_, _, answer) in zip(answers, asked[number], strict=True))

    return check


def _singles(port: int, noop: int, root: str, key: str, table: Sequence[Fact]) -> None:
    """Taken in turn with the no-op, so that both meet the same machine."""
    draw = random.Random(2)
    ratios = []
    for _ in range(ROUNDS):
        bodies = [
            msgspec.json.encode({"subject": subject, "relation": relation})
            for subject, relation, _ in draw.choices(table, k=SINGLES)
        ]
        idle = load.run(noop, [load.post("/recall", body) for body in bodies], connections=CONNECTIONS)
        requests = [load.post(root, body, key=key) for body in bodies]
        ours = load.run(port, requests, connections=CONNECTIONS, check=_is_answered)
        ratios.append(ours.per_second / idle.per_second)
        print(
            f"single recall, {CONNECTIONS} connections: {ours.per_second:,.0f} requests/s, {_format_latency(ours)}, "
            f"{ours.right:,} of {SINGLES:,} answered; no-op: {idle.per_second:,.0f} requests/s, {_format_latency(idle)}"
        )
    print(f"single recall to no-op, median of {ROUNDS}: {statistics.median(ratios):.2f}")


def _is_answered(_: int, body: bytes) -> int:
    return _result.decode(body).status == "answered"


def _format_latency(figures: load.LoadFigures) -> str:
    return f"p50 {1e3 * figures.latency(0.5):.1f} ms, p99 {1e3 * figures.latency(0.99):.1f} ms"


@contextmanager
def _serve_noop() -> Iterator[int]:
    """The no-op endpoint as a process of its own; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "tests.benchmarks.noop:app", "--port", str(port)]
    process = subprocess.Popen([*command, "--no-access-log", "--log-level", "warning"])
    try:
        for _ in range(200):
            time.sleep(0.05)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield port
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
