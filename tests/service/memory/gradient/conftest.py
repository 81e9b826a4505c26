"""Networks of tests are small: a second thread would cost more than it saves."""

from collections.abc import Iterator

import pytest

from service.memory.devices import one_thread_here


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with one_thread_here():
        yield
