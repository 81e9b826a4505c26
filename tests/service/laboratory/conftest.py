"""A bench to work at, whose time passes with its trials, and a cache in memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.laboratory.bench import Bench, Result


class Known(dict[str, Result]):
    """A cache as long as the test; also the bench's clock. Every trial takes one second of it, on any machine."""

    def put(self, digest: str, result: Result) -> None:
        self[digest] = result

    def clock(self) -> float:
        """Seconds, as many as there are results."""
        return float(len(self))


def bench_of(seconds: float, cache: Known, workers: ThreadPoolExecutor) -> Bench:
    """A budget of as many trials as it has seconds."""
    return Bench(seconds, "cpu", workers, cache, lambda *_: None, clock=cache.clock)


@pytest.fixture
def cache() -> Known:
    return Known()


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    """One thread."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def bench(cache: Known, workers: ThreadPoolExecutor) -> Bench:
    """Time for sixty trials on one thread."""
    return bench_of(60.0, cache, workers)


@pytest.fixture
def hurried(cache: Known, workers: ThreadPoolExecutor) -> Bench:
    """The time is over with the first round of trials."""
    return bench_of(1.0, cache, workers)
