"""How much memory an upload takes, as a multiple of the file's size, in the service's own process.

Bar: at most six times the size of a text file. What counts is the peak of the process beyond what it held before; a
small upload comes first, so that no figure contains the loading of libraries.

    python -m tests.benchmarks.upload_memory [ROWS]
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from tests.running import fresh_dictionary, running_service

Rows = Iterator[str]


def repeated(rows: int) -> Rows:
    """Ten facts a subject, answers of some thousand kinds."""
    draw = random.Random(1)
    return (f"PART-{at // 10:07d},attribute {at % 10},value {draw.randrange(20_000)}" for at in range(rows))


def all_distinct(rows: int) -> Rows:
    """One fact a subject, and no answer twice."""
    return (f"SN-{at:09d},serial number,{at * 7919 % 10**12:012d}" for at in range(rows))


def japanese(rows: int) -> Rows:
    """Five facts a subject, answers of a sentence each."""
    draw, relations = random.Random(1), ["納期", "発注先", "材質", "色", "単価"]
    return (
        f"部品-{at // 5:06d} 標準,{relations[at % 5]},第{draw.randrange(10**6)}工場の倉庫にあります"
        for at in range(rows)
    )


TABLES: dict[str, tuple[Callable[[int], Rows], str]] = {
    "repeated names": (repeated, "utf-8"),
    "nothing twice": (all_distinct, "utf-8"),
    "sentences, UTF-8": (japanese, "utf-8"),
    "sentences, Shift-JIS": (japanese, "cp932"),
}


def main(rows: int = 2_000_000) -> None:
    for name, (make, encoding) in TABLES.items():
        with tempfile.TemporaryDirectory() as folder, running_service(Path(folder) / "data") as running:
            process = Path(f"/proc/{running.process.pid}")
            with running.client() as api:
                api.timeout = httpx.Timeout(600)
                _send(api, make(60_000), encoding, folder)
                (process / "clear_refs").write_text("5")
                before = _read(process, "VmRSS")
                size, seconds = _send(api, make(rows), encoding, folder)
            peak = _read(process, "VmHWM") - before
            print(
                f"{name}: {size / 2**20:.0f} MiB in {seconds:.1f} s, at most {peak / 2**20:.0f} MiB more: "
                f"{peak / size:.1f} times its size",
                flush=True,
            )


def _send(api: httpx.Client, rows: Rows, encoding: str, folder: str) -> tuple[int, float]:
    """Upload rows to a dictionary of their own; returns the file's size and the time until the receipt."""
    path = Path(folder) / "facts.csv"
    with path.open("w", encoding=encoding) as file:
        file.write("subject,relation,answer\n")
        file.writelines(f"{row}\n" for row in rows)
    dictionary = fresh_dictionary(api)
    started = time.perf_counter()
    with path.open("rb") as file:
        url = f"/v1/dictionaries/{dictionary}/uploads"
        api.post(url, params={"encoding": encoding}, content=file).raise_for_status()
    return path.stat().st_size, time.perf_counter() - started


def _read(process: Path, name: str) -> int:
    """A figure of the process's memory, in bytes."""
    lines = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    return 1024 * int(lines[name].split()[0])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
