"""How fast: recall over HTTP alone, at once and in batches, beside a request that does nothing and beside tables."""

import math
import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import TypeVar

from pilot.checks.holdings import table_holdings
from pilot.checks.measured import Measured
from pilot.checks.target import BATCH, Target
from pilot.client import Progress
from pilot.reading import Pair
from schemas.recall import ColumnsResult, Query, Result
from schemas.report import CheckId, Timing

_SINGLES = 1000
_CONCURRENT = 16
_BATCHES = 10
_WARM_UP = 50
_Asked = TypeVar("_Asked")
_Got = TypeVar("_Got")


def check_latency(target: Target, seed: int, progress: Progress) -> Measured:
    """One part a way of asking; every timed reply is judged too, after the clock has stopped."""
    measured = Measured(CheckId.LATENCY)
    draw = random.Random(f"{seed} latency")  # noqa: S311 - a reproducible sample, not a secret
    pairs = list(target.taught)
    singles = draw.choices(pairs, k=_SINGLES)
    progress(0.0, "latency: one at a time")
    _time_singles(target, singles, measured)
    progress(0.4, "latency: in batches")
    _time_batches(target, list(islice(cycle(draw.sample(pairs, min(BATCH, len(pairs)))), BATCH)), measured)
    progress(0.8, "latency: exact table and SQLite")
    measured.holdings += table_holdings(target.taught, singles)
    progress(1.0, "latency: exact table and SQLite")
    return measured


def _time_singles(target: Target, pairs: Sequence[Pair], measured: Measured) -> None:
    def ask(pair: Pair) -> Result:
        return target.store.recall(target.dictionary, Query(subject=pair[0], relation=pair[1], memory=target.memory))

    def nothing(_: Pair) -> None:
        target.store.alive()

    for pair in pairs[:_WARM_UP]:
        ask(pair)
    for suffix, concurrent in (("", 1), ("_concurrent", _CONCURRENT)):
        timing, _ = timed(f"noop{suffix}", nothing, pairs, concurrent=concurrent)
        measured.timings.append(timing)
        timing, results = timed(f"single{suffix}", ask, pairs, concurrent=concurrent)
        measured.timings.append(timing)
        _judge_rows(target, pairs, results, measured, timing.name)


def _time_batches(target: Target, batch: Sequence[Pair], measured: Measured) -> None:
    queries = [Query(subject=subject, relation=relation) for subject, relation in batch]
    subjects, relations = zip(*batch, strict=True)

    def rows(_: int) -> Sequence[Result]:
        return target.store.recall_rows(target.dictionary, queries, memory=target.memory)

    def columns(_: int) -> ColumnsResult:
        return target.store.recall_columns(target.dictionary, subjects, relations, memory=target.memory)

    timing, many_rows = timed("batch_rows", rows, range(_BATCHES), queries=len(batch))
    measured.timings.append(timing)
    for results in many_rows:
        _judge_rows(target, batch, results, measured, timing.name)
    timing, many_columns = timed("batch_columns", columns, range(_BATCHES), queries=len(batch))
    measured.timings.append(timing)
    tally = measured.part(timing.name)
    for reply in many_columns:
        for pair, status, answers in zip(batch, reply.statuses, reply.answers, strict=True):
            tally.count(status, right=tuple(sorted(answers)) == target.taught[pair])


def _judge_rows(
    target: Target, pairs: Sequence[Pair], results: Iterable[Result], measured: Measured, part: str
) -> None:
    tally = measured.part(part)
    for pair, result in zip(pairs, results, strict=True):
        tally.count(result.status, right=tuple(sorted(result.answers)) == target.taught[pair])


def timed(
    name: str, call: Callable[[_Asked], _Got], items: Sequence[_Asked], *, queries: int = 1, concurrent: int = 1
) -> tuple[Timing, list[_Got]]:
    """Calls once an item, `concurrent` at a time, and times each; also returns what came back, in order."""

    def clocked(item: _Asked) -> tuple[float, _Got]:
        start = time.perf_counter()
        got = call(item)
        return time.perf_counter() - start, got

    start = time.perf_counter()
    if concurrent == 1:
        outcomes = [clocked(item) for item in items]
    else:
        with ThreadPoolExecutor(concurrent) as pool:
            outcomes = list(pool.map(clocked, items))
    seconds = time.perf_counter() - start
    durations = sorted(duration for duration, _ in outcomes)
    timing = Timing(
        name=name,
        requests=len(durations),
        queries=queries,
        concurrent=concurrent,
        p50_ms=1000 * percentile(durations, 0.50),
        p95_ms=1000 * percentile(durations, 0.95),
        p99_ms=1000 * percentile(durations, 0.99),
        queries_per_second=queries * len(durations) / seconds,
    )
    return timing, [got for _, got in outcomes]


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of an ascending sequence: a value that was measured, never one between two."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
