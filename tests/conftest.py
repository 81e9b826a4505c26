"""A service that every test may use, and options for running the tests, with the shapes of arrays checked."""

import os
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import settings

from tests import shapes
from tests.running import BRIEF, Running, running_service

shapes.install()

FUZZ = 40  # times as many examples as usual
settings.register_profile("kit", deadline=None, derandomize=True, print_blob=True, database=None)
settings.register_profile("fuzz", deadline=None, max_examples=100 * FUZZ, print_blob=True)
settings.load_profile("kit")


def pytest_configure() -> None:
    """Let pilots be brief; and when several processes share the cores, let each compute on one core, and also the
    services that it starts.
    """
    os.environ.update(BRIEF)
    if "PYTEST_XDIST_WORKER" in os.environ:
        for library in ("OMP", "MKL", "OPENBLAS"):
            os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reverse", action="store_true", help="run the tests from the last to the first")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Reverse the order where asked, since no test may depend on one that ran before it."""
    if config.getoption("reverse"):
        items.reverse()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all tests of a process; they leave it as they found it, and each makes its own dictionaries."""
    with running_service(tmp_path_factory.mktemp("service") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def api(service: Running) -> Iterator[httpx.Client]:
    """An HTTP client of that service with an admin key."""
    with service.client() as client:
        yield client
