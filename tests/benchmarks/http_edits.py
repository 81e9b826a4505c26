"""Single edits of a million facts through HTTP, one after the other, and a thousand in one batch.

Bars: a single edit durable, verified and served within 50 ms at the 95th percentile; disk growth below 100 kB an edit;
the batch in less than a tenth of a training; at the end every edit holds and every other fact is as it was.

    python -m tests.benchmarks.http_edits [EDITS [SUBJECTS]]
"""

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from tests.benchmarks import load, million
from tests.running import Running, running_service, wait

AT_ONCE = 1_000  # edits between two looks at the disk, and in the batch
ASKED = 10_000  # pairs a recall
Pair = tuple[str, str]


def main(edits: int = 20_000, subjects: int = 100_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.csv"
        table = EditedTable(million.write(path, subjects))
        with running_service(Path(folder) / "data") as service, service.client() as api:
            api.timeout = httpx.Timeout(600)
            dictionary, _, seconds = teach(api, path)
            print(f"{len(table.held):,} facts trained in {seconds:.1f} s", flush=True)
            _singles(service, dictionary, table, edits)
            _batch(api, dictionary, table, seconds)
            _compare(api, dictionary, table)


class EditedTable:
    """What the dictionary must hold, and the edits that change it: of ten, seven put another answer, two put a new
    subject's, one takes a pair away.
    """

    def __init__(self, rows: list[tuple[str, str, str]]) -> None:
        self.held: dict[Pair, str] = {(subject, relation): answer for subject, relation, answer in rows}
        self.gone: set[Pair] = set()
        self._pairs = list(self.held)
        self._answers: dict[str, list[str]] = {}
        for (_, relation), answer in self.held.items():
            self._answers.setdefault(relation, []).append(answer)
        self._draw = random.Random(3)

    def edit(self) -> tuple[str, dict[str, str]]:
        """The next edit, as `upsert` or `delete` and its item; from now on the table holds it."""
        chance, pair = self._draw.random(), self._draw.choice(self._pairs)
        if chance < 0.1:
            self.held.pop(pair, None)
            self.gone.add(pair)
            return "delete", {"subject": pair[0], "relation": pair[1]}
        if chance < 0.3:
            pair = (f"NEW-{self._draw.randrange(10**9):09d}", pair[1])
        self.held[pair] = self._draw.choice(self._answers[pair[1]])
        self.gone.discard(pair)
        return "upsert", {"subject": pair[0], "relation": pair[1], "answer": self.held[pair]}


def teach(api: httpx.Client, path: Path) -> tuple[str, float, float]:
    """The dictionary, the seconds of its upload, and those of its training from the order to the publication."""
    dictionary: str = api.post("/v1/dictionaries", json={"name": path.stem}).json()["id"]
    url, headers = f"/v1/dictionaries/{dictionary}/uploads", {"content-type": "text/csv"}
    content, started = path.read_bytes(), time.perf_counter()
    api.post(url, content=content, headers=headers).raise_for_status()
    uploaded = time.perf_counter()
    job = api.post(f"/v1/dictionaries/{dictionary}/memories").json()
    ended = wait(api, job["id"], 600)
    assert ended["state"] == "succeeded", ended
    return dictionary, uploaded - started, time.perf_counter() - uploaded


def _singles(service: Running, dictionary: str, table: EditedTable, edits: int) -> None:
    port, path = urlsplit(service.url).port or 80, f"/v1/dictionaries/{dictionary}/facts:batch"
    first = load.post(path, msgspec.json.encode(_body(*table.edit())), key=service.key)
    print(f"first edit of the process {load.run(port, [first], connections=1).seconds:.2f} s")
    before, latencies, failed, growth = _count_bytes(service.data), list[float](), 0, 0.0
    for done in range(AT_ONCE, edits + 1, AT_ONCE):
        requests = [load.post(path, msgspec.json.encode(_body(*table.edit())), key=service.key) for _ in range(AT_ONCE)]
        figures = load.run(port, requests, connections=1)
        latencies += figures.latencies
        failed += figures.failed
        growth = max(growth, (_count_bytes(service.data) - before) / done)
    latencies.sort()
    p50, p95 = (1000 * latencies[int(len(latencies) * share)] for share in (0.50, 0.95))
    left = (_count_bytes(service.data) - before) / edits
    print(f"{edits:,} edits: p50 {p50:.1f} ms, p95 {p95:.1f} ms, {failed} failed")
    print(f"disk growth at most {growth / 1000:.1f} kB an edit, {left / 1000:.1f} kB at the end", flush=True)


def _body(op: str, item: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    return {op: [item]}


def _batch(api: httpx.Client, dictionary: str, table: EditedTable, training: float) -> None:
    items: dict[Pair, tuple[str, dict[str, str]]] = {}
    while len(items) < AT_ONCE:
        op, item = table.edit()
        items[item["subject"], item["relation"]] = op, item
    batch = {op: [item for its, item in items.values() if its == op] for op in ("upsert", "delete")}
    started = time.perf_counter()
    reply = api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=batch)
    seconds = time.perf_counter() - started
    print(
        f"{AT_ONCE:,} edits in one batch: {reply.status_code}, {seconds:.2f} s, {seconds / training:.3f} of a training"
    )


def _compare(api: httpx.Client, dictionary: str, table: EditedTable) -> None:
    """Every pair that the table holds, and every pair that was taken away."""
    wanted = {**{pair: [answer] for pair, answer in table.held.items()}, **{pair: [] for pair in table.gone}}
    right = 0
    for pairs in _split(list(wanted)):
        asked = {"subjects": [subject for subject, _ in pairs], "relations": [relation for _, relation in pairs]}
        answers = api.post(f"/v1/dictionaries/{dictionary}/recall:batch", json=asked).json()["answers"]
        right += sum(found == wanted[pair] for pair, found in zip(pairs, answers, strict=True))
    print(f"{right:,} of {len(wanted):,} pairs are right, {len(table.gone):,} of them taken away")


def _split(pairs: list[Pair]) -> Iterator[list[Pair]]:
    for start in range(0, len(pairs), ASKED):
        yield pairs[start : start + ASKED]


def _count_bytes(data: Path) -> int:
    """Everything under the data folder, the database's journal included."""
    return sum(file.stat().st_size for file in data.rglob("*") if file.is_file())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
