"""Auditors with databases of their own."""

from collections.abc import Iterator

import pytest

from tests.service.workflows.audit.chains import KINDS, Audited, event, made


@pytest.fixture(scope="module", params=KINDS)
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    """Thirty entries, written in transactions of different sizes; tests put back what they change."""
    for each in made(request.param, tmp_path_factory.mktemp("chain") / "data"):
        each.record(*map(event, range(1, 11)))
        for number in range(11, 31):
            each.record(event(number))
        yield each
