"""Time recall over HTTP, singly, concurrently and in batches, next to a request that does nothing and to tables."""

import math
import random
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, islice
from typing import TypeVar

import msgspec

from pilot.checks.holdings import measure_tables
from pilot.checks.measurement import Measurement
from pilot.checks.target import BATCH, CheckPlan, CheckTarget
from pilot.client import Progress
from pilot.reading import Pair
from schemas.checks import CheckId, Timing
from schemas.recall import ColumnsResult, Query, Result

_CONCURRENT = 64
_WARM_UP = 100
_Reply = TypeVar("_Reply")


def check_latency(target: CheckTarget, plan: CheckPlan, progress: Progress) -> Measurement:
    """Time every way of asking, one part each. Every timed reply is also judged, after the clock has stopped."""
    measured = Measurement(CheckId.LATENCY)
    draw = random.Random(f"{plan.seed} latency")  # noqa: S311 - a reproducible sample, not a secret
    pairs = list(target.taught)
    singles = draw.choices(pairs, k=plan.singles)
    progress(0.0, "latency: one at a time")
    _time_singles(target, singles, measured)
    progress(0.4, "latency: in batches")
    batch = list(islice(cycle(draw.sample(pairs, min(BATCH, len(pairs)))), BATCH))
    _time_batches(target, batch, plan.batches, measured)
    progress(0.8, "latency: exact table and SQLite")
    measured.holdings += measure_tables(target.taught, singles)
    progress(1.0, "latency: exact table and SQLite")
    return measured


def _time_singles(target: CheckTarget, pairs: Sequence[Pair], measured: Measurement) -> None:
    wire = target.store.wire
    nothing = [wire.get("/livez")] * len(pairs)
    asked = [
        wire.post(f"/v1/dictionaries/{target.dictionary}/recall", msgspec.json.encode(query))
        for query in (Query(subject=subject, relation=relation, memory=target.memory) for subject, relation in pairs)
    ]
    wire.send(asked[:_WARM_UP], connections=1)
    for suffix, connections in (("", 1), ("_concurrent", _CONCURRENT)):
        for name, requests in ((f"noop{suffix}", nothing), (f"single{suffix}", asked)):
            sent = wire.send(requests, connections)
            measured.timings.append(summarise_timing(name, sent.durations, sent.seconds, concurrent=connections))
            if requests is asked:
                _judge_rows(
                    target, pairs, (msgspec.json.decode(body, type=Result) for body in sent.bodies), measured, name
                )


def _time_batches(target: CheckTarget, batch: Sequence[Pair], times: int, measured: Measurement) -> None:
    queries = [Query(subject=subject, relation=relation) for subject, relation in batch]
    subjects, relations = zip(*batch, strict=True)

    def rows() -> Sequence[Result]:
        return target.store.recall_rows(target.dictionary, queries, memory=target.memory)

    def columns() -> ColumnsResult:
        return target.store.recall_columns(target.dictionary, subjects, relations, memory=target.memory)

    for results in _time_calls("batch_rows", rows, times, measured):
        _judge_rows(target, batch, results, measured, "batch_rows")
    tally = measured.part("batch_columns")
    for reply in _time_calls("batch_columns", columns, times, measured):
        for pair, status, answers in zip(batch, reply.statuses, reply.answers, strict=True):
            tally.count(status, right=tuple(sorted(answers)) == target.taught[pair])


def _time_calls(name: str, call: Callable[[], _Reply], times: int, measured: Measurement) -> list[_Reply]:
    got, durations = [], []
    for _ in range(times):
        start = time.perf_counter()
        got.append(call())
        durations.append(time.perf_counter() - start)
    measured.timings.append(summarise_timing(name, durations, sum(durations), queries=BATCH))
    return got


def _judge_rows(
    target: CheckTarget, pairs: Sequence[Pair], results: Iterable[Result], measured: Measurement, part: str
) -> None:
    tally = measured.part(part)
    for pair, result in zip(pairs, results, strict=True):
        tally.count(result.status, right=tuple(sorted(result.answers)) == target.taught[pair])


def summarise_timing(
    name: str, durations: Sequence[float], seconds: float, *, queries: int = 1, concurrent: int = 1
) -> Timing:
    """Summarise the seconds of single requests as percentiles in milliseconds, and as queries a second.

    `durations` must not be empty; `seconds` is the time that all requests took together, `queries` how many each held.
    """
    ordered = sorted(durations)
    return Timing(
        name=name,
        requests=len(ordered),
        queries=queries,
        concurrent=concurrent,
        p50_ms=1000 * percentile(ordered, 0.50),
        p95_ms=1000 * percentile(ordered, 0.95),
        p99_ms=1000 * percentile(ordered, 0.99),
        queries_per_second=queries * len(ordered) / seconds,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of an ascending sequence: a measured value, never an interpolated one."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
