"""A bench to work at, with a cache in memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.laboratory.bench import Bench, Result


class Known(dict[str, Result]):
    """A cache as long as the test."""

    def put(self, digest: str, result: Result) -> None:
        self[digest] = result


@pytest.fixture
def cache() -> Known:
    return Known()


@pytest.fixture
def bench(cache: Known) -> Iterator[Bench]:
    """A minute's work on one thread."""
    with ThreadPoolExecutor(1) as workers:
        yield Bench(60.0, "cpu", workers, cache, lambda *_: None)
