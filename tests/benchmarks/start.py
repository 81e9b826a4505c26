"""How long a service takes to start, and what it costs while nobody asks anything.

Times run from the moment `python -m service serve` is spawned, on a data folder that holds a trained champion, each in
a start of its own: to the first 200 of /livez, to the receipt of an upload into a new dictionary, to the answer of the
champion. In brackets stands the processor time that all processes of the service took until then, which a busy machine
changes less. A job is timed from its order to its end. Memory is the proportional set size (PSS) of all processes, so
that pages they share count once; the resident sizes (RSS), which count them again in each process, stand beside it.

    python -m tests.benchmarks start
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx

from tests.running import fresh_dictionary, list_children, running_service, train, upload

FACTS = Path("sample_dictionaries/parts.csv").read_text("utf-8")
ROUNDS = 5
IDLE_SECONDS = 30.0
SETTLE_SECONDS = 15.0  # between the last reply and the look at what idling costs
REST_SECONDS = 80.0  # after a training, until the worker has begun anew
LOOK = 0.01  # seconds between two tries
TICKS = os.sysconf("SC_CLK_TCK")

Try = Callable[[httpx.Client], bool]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data, key = Path(folder) / "data", secrets.token_urlsafe(32)
        with running_service(data, key) as service, service.client() as api:
            dictionary = fresh_dictionary(api, FACTS)
            assert train(api, dictionary)["state"] == "succeeded"
        print("| | median | all |\n|---|---:|---|", flush=True)
        for what, tried in _tries(dictionary).items():
            _print_row(what, *zip(*(_time_start(data, key, tried) for _ in range(ROUNDS)), strict=True))
        _measure_idle(data, key, dictionary)


def _tries(dictionary: str) -> dict[str, Try]:
    return {
        "/livez": lambda api: api.get("/livez").status_code == 200,
        "an upload accepted": _try_upload,
        "a recall of the champion": lambda api: _try_recall(api, dictionary),
        "/readyz": lambda api: api.get("/readyz").status_code == 200,
    }


def _try_upload(api: httpx.Client) -> bool:
    made = api.post("/v1/dictionaries", json={"name": f"start {secrets.token_hex(6)}"})
    if made.status_code != 201:
        return False
    receipt = upload(api, made.json()["id"], FACTS)
    return receipt.status_code == 200 and receipt.json()["accepted"] > 0


def _try_recall(api: httpx.Client, dictionary: str) -> bool:
    subject, relation, answer = FACTS.splitlines()[1].split(",")
    reply = api.post(f"/v1/dictionaries/{dictionary}/recall", json={"subject": subject, "relation": relation})
    return reply.status_code == 200 and reply.json()["answers"] == [answer]


def _time_start(data: Path, key: str, tried: Try) -> tuple[float, float]:
    """Seconds, and processor seconds, from the spawn of a service to the first success."""
    with _spawn(data, key) as (process, url, spawned), _client(url, key) as api:
        _until(api, tried)
        return time.perf_counter() - spawned, _cpu_seconds(process)


def _until(api: httpx.Client, tried: Try) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if tried(api):
                return
        except httpx.TransportError:
            pass  # nobody listens yet
        assert time.monotonic() < deadline, "the service did not start"
        time.sleep(LOOK)


@contextmanager
def _spawn(data: Path, key: str) -> Iterator[tuple[int, str, float]]:
    """The process id, the address and the time of the spawn. The port is known beforehand: nothing is waited for."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FACTSTORE_")}
    environment |= {"FACTSTORE_BOOTSTRAP_KEY": key, "FACTSTORE_DEVICE": "cpu"}
    command = [sys.executable, "-m", "service", "serve", "--data", str(data), "--port", str(port)]
    spawned = time.perf_counter()
    with data.with_suffix(".log").open("a") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=log)
    try:
        yield process.pid, f"http://127.0.0.1:{port}", spawned
    finally:
        process.terminate()
        process.wait(60)


def _client(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=60)


def _measure_idle(data: Path, key: str, dictionary: str) -> None:
    with _spawn(data, key) as (process, url, _), _client(url, key) as api:
        _until(api, lambda api: _try_recall(api, dictionary))
        time.sleep(SETTLE_SECONDS)
        _print_cost("idle, a champion loaded", process)
        _print_row("a training from order to end, idle before", [_time_training(api, dictionary)])
        _print_row("a training right after it", [_time_training(api, dictionary) for _ in range(ROUNDS)])
        time.sleep(REST_SECONDS)
        _print_cost("idle after an upload and trainings", process)


def _time_training(api: httpx.Client, dictionary: str) -> float:
    ordered = time.perf_counter()
    assert train(api, dictionary)["state"] == "succeeded"
    return time.perf_counter() - ordered


def _print_cost(when: str, process: int) -> None:
    before, since = _cpu_seconds(process), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    share = (_cpu_seconds(process) - before) / (time.perf_counter() - since)
    pss, rss = (sum(_kib(each, size) for each in _tree(process)) // 1024 for size in ("Pss", "Rss"))
    memory = f"{len(_tree(process))} processes, {pss} MiB PSS, {rss} MiB RSS"
    print(f"| {when} | {share:.2%} of a core | {memory} |", flush=True)


def _tree(process: int) -> list[int]:
    """The process and its descendants."""
    return [process, *(each for child in list_children(process) for each in _tree(child))]


def _cpu_seconds(process: int) -> float:
    """User and system time of the process and of its descendants, those that have ended included."""
    fields = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in _tree(process)]
    return sum(int(ticks) for each in fields for ticks in each[11:15]) / TICKS


def _kib(process: int, size: str) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{size}:"))


def _print_row(what: str, seconds: Sequence[float], cpu: Sequence[float] = ()) -> None:
    processor = f" ({median(cpu):.2f} s)" if cpu else ""
    print(
        f"| {what} | {median(seconds):.2f} s{processor} | {', '.join(f'{each:.2f}' for each in seconds)} |", flush=True
    )


if __name__ == "__main__":
    main()
