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
from tests.benchmarks.http_edits import EditedTable, teach
from tests.benchmarks.http_recall import BATCH, make_body, make_check
from tests.running import Running, running_service

BATCHES, SINGLES, EDITS, REPEATS = 40, 8_000, 500, 3
Fact = tuple[str, str, str]
Figures = dict[str, float]
LESS_IS_BETTER = ("upload", "training", "edit, median", "edit, 95 %", "1,000 edits at once")  # seconds


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
                    teach(api, few)
                    found[name].append(_measure(service, api, many, table))
    print(f"{'median (least to most)':<28}{'other':>34}{'this':>34}  this is better by")
    for kind in found["this"][0]:
        other, this = ([figures[kind] for figures in found[name]] for name in ("other", "this"))
        better = statistics.median(this) / statistics.median(other)
        better = 1 / better if kind in LESS_IS_BETTER else better
        print(f"{kind:<28}{_format_spread(other):>34}{_format_spread(this):>34}{better:>8.2f}")


def _format_spread(values: Sequence[float]) -> str:
    digits = 3 if max(values) < 100 else 0
    middle, least, most = (f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({least} to {most})"


def _measure(service: Running, api: httpx.Client, path: Path, table: Sequence[Fact]) -> Figures:
    dictionary, uploaded, trained = teach(api, path)
    figures = {"upload": uploaded, "training": trained}
    root = f"/v1/dictionaries/{dictionary}"
    draw = random.Random(1)
    for form in ("rows", "columns"):
        asked = [draw.choices(table, k=BATCH) for _ in range(BATCHES)]
        requests = [load.post(f"{root}/recall:batch", make_body(form, facts), key=service.key) for facts in asked]
        checked = load.run(_port(service), requests, connections=1, check=make_check(form, asked))
        assert checked.right == BATCH * BATCHES, f"{checked.right} answers are right"
        for connections in (1, 2):
            figures[f"{form} a second, {connections} at once"] = BATCH * _measure_rate(service, requests, connections)
    bodies = [msgspec.json.encode({"subject": subject, "relation": relation}) for subject, relation, _ in table]
    requests = [load.post(f"{root}/recall", body, key=service.key) for body in bodies[:SINGLES]]
    figures["single recalls a second, 64"] = _measure_rate(service, requests, 64)
    return figures | _edit(service, api, root, table)


def _measure_rate(service: Running, requests: Sequence[bytes], connections: int) -> float:
    """Requests a second, the median of some runs. The client decodes nothing, so that the server is measured."""
    rates = []
    for _ in range(REPEATS):
        figures = load.run(_port(service), requests, connections=connections)
        assert figures.failed == 0, f"{figures.failed} requests failed"
        rates.append(figures.per_second)
    return statistics.median(rates)


def _edit(service: Running, api: httpx.Client, root: str, table: Sequence[Fact]) -> Figures:
    """Single edits one after the other, then batches of a thousand; the first of each is not counted."""
    edited = EditedTable(list(table))
    bodies = [msgspec.json.encode({op: [item]}) for op, item in (edited.edit() for _ in range(1 + EDITS))]
    requests = [load.post(f"{root}/facts:batch", body, key=service.key) for body in bodies]
    load.run(_port(service), requests[:1], connections=1)
    singles = load.run(_port(service), requests[1:], connections=1)
    assert singles.failed == 0, f"{singles.failed} edits failed"
    taken, answers = list[float](), random.Random(2)
    for turn in range(1 + REPEATS):
        items = [
            {"subject": subject, "relation": relation, "answer": f"value 0-{answers.randrange(6)}"}
            for subject, relation, _ in table[turn * 10_000 : (turn + 1) * 10_000 : 10]
        ]
        started = time.perf_counter()
        api.post(f"{root}/facts:batch", json={"upsert": items}).raise_for_status()
        taken.append(time.perf_counter() - started)
    return {
        "edit, median": singles.latency(0.5),
        "edit, 95 %": singles.latency(0.95),
        "1,000 edits at once": statistics.median(taken[1:]),
    }


def _port(service: Running) -> int:
    return urlsplit(service.url).port or 80


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
