"""This checkout beside another one: uploads, trainings, recalls and edits of a million facts over HTTP, in turns.

Each round starts a service of either checkout, one after the other, and asks it the same by the same client; the order
changes from round to round. A small dictionary is taught first, so that no figure contains the loading of the service.
Prints medians and the ratio of the medians: above 1 this checkout is better. Both checkouts are installed (`make
install`) and the machine does nothing else.

    python -m tests.benchmarks.beside CHECKOUT [ROUNDS [SUBJECTS]]
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from tests.benchmarks import load, million
from tests.benchmarks.http_edits import EditedTable
from tests.running import Running, running_service, wait

BATCH, BATCHES, SINGLES, EDITS, REPEATS = 10_000, 40, 8_000, 500, 3
Fact = tuple[str, str, str]
Figures = dict[str, float]
SECONDS = ("upload", "training", "edit, median", "edit, 95 %", "1,000 edits at once")  # less is better


def main(checkout: str, rounds: int = 3, subjects: int = 100_000) -> None:
    checkouts = {"other": str(Path(checkout).resolve()), "this": str(Path.cwd())}
    found: dict[str, list[Figures]] = {name: [] for name in checkouts}
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few.csv", Path(folder) / "many.csv"
        million.write(few, 100)
        table = million.write(many, subjects)
        for turn in range(rounds):
            for name in list(checkouts)[:: 1 if turn % 2 else -1]:
                with (
                    running_service(Path(folder) / f"{name} {turn}", checkout=checkouts[name]) as service,
                    service.client() as api,
                ):
                    api.timeout = httpx.Timeout(600)
                    _teach(api, few)
                    found[name].append(_measure(service, api, many, table))
    for kind in found["this"][0]:
        other, this = (statistics.median(figures[kind] for figures in found[name]) for name in ("other", "this"))
        better = other / this if kind in SECONDS else this / other
        print(f"{kind:<32}{other:>12,.3f}{this:>12,.3f}{better:>8.2f}")


def _measure(service: Running, api: httpx.Client, path: Path, table: Sequence[Fact]) -> Figures:
    dictionary, uploaded, trained = _teach(api, path)
    figures = {"upload": uploaded, "training": trained}
    port, root = urlsplit(service.url).port or 80, f"/v1/dictionaries/{dictionary}"
    draw = random.Random(1)
    for form, make in (("rows", _rows), ("columns", _columns)):
        bodies = [make(draw.choices(table, k=BATCH)) for _ in range(BATCHES)]
        requests = [load.post(f"{root}/recall:batch", body, key=service.key) for body in bodies]
        for connections in (1, 2):
            rates = [load.run(port, requests, connections=connections).per_second for _ in range(1 + REPEATS)]
            figures[f"{form} a second, {connections} at once"] = BATCH * statistics.median(rates[1:])
    singles = [_json({"subject": subject, "relation": relation}) for subject, relation, _ in table[:SINGLES]]
    requests = [load.post(f"{root}/recall", body, key=service.key) for body in singles]
    rates = [load.run(port, requests, connections=64).per_second for _ in range(1 + REPEATS)]
    return figures | {"single recalls a second, 64": statistics.median(rates[1:])} | _edit(service, api, root, table)


def _edit(service: Running, api: httpx.Client, root: str, table: Sequence[Fact]) -> Figures:
    edited, port = EditedTable(list(table)), urlsplit(service.url).port or 80
    bodies = [_json({op: [item]}) for op, item in (edited.edit() for _ in range(1 + EDITS))]
    requests = [load.post(f"{root}/facts:batch", body, key=service.key) for body in bodies]
    load.run(port, requests[:1], connections=1)
    singles = load.run(port, requests[1:], connections=1)
    taken = []
    for turn in range(1 + REPEATS):
        items = [
            {"subject": subject, "relation": relation, "answer": answer}
            for (subject, relation, _), (_, _, answer) in zip(
                table[turn * 10_000 : (turn + 1) * 10_000 : 10], table[10:10_010:10], strict=True
            )
        ]
        started = time.perf_counter()
        api.post(f"{root}/facts:batch", json={"upsert": items}).raise_for_status()
        taken.append(time.perf_counter() - started)
    return {
        "edit, median": singles.latency(0.5),
        "edit, 95 %": singles.latency(0.95),
        "1,000 edits at once": statistics.median(taken[1:]),
    }


def _teach(api: httpx.Client, path: Path) -> tuple[str, float, float]:
    """The dictionary, the seconds of its upload, and those from the order of its training to the publication."""
    dictionary: str = api.post("/v1/dictionaries", json={"name": path.stem}).json()["id"]
    content, started = path.read_bytes(), time.perf_counter()
    api.post(f"/v1/dictionaries/{dictionary}/uploads", content=content, headers={"content-type": "text/csv"})
    uploaded = time.perf_counter()
    job = api.post(f"/v1/dictionaries/{dictionary}/memories").json()
    ended = wait(api, job["id"], 600)
    assert ended["state"] == "succeeded", ended
    return dictionary, uploaded - started, time.perf_counter() - uploaded


def _rows(facts: Sequence[Fact]) -> bytes:
    return _json({"queries": [{"subject": subject, "relation": relation} for subject, relation, _ in facts]})


def _columns(facts: Sequence[Fact]) -> bytes:
    subjects, relations, _ = zip(*facts, strict=True)
    return _json({"subjects": subjects, "relations": relations})


_json = msgspec.json.encode

if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
