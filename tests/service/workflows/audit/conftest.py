"""Auditors with databases of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.workflows.audit.chains import Audited, event, made

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]


@pytest.fixture(params=KINDS)
def audited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Audited]:
    yield from made(request.param, tmp_path / "data")


@pytest.fixture(scope="module", params=KINDS)
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    """Thirty entries, written in transactions of different sizes; tests put back what they change."""
    for each in made(request.param, tmp_path_factory.mktemp("chain") / "data"):
        each.record(*map(event, range(1, 11)))
        for number in range(11, 31):
            each.record(event(number))
        yield each
