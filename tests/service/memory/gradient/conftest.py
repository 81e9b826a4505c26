"""Networks of tests are small: a second thread would cost more than it saves."""

from collections.abc import Iterator

import pytest

from service.memory.devices import computing_alone


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with computing_alone():
        yield
