"""The service that every test may use; and the shapes of arrays, which tests check at every call."""

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import settings

from tests import shapes
from tests.running import Running, running_service

shapes.install()
settings.register_profile("kit", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("kit")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all tests that leave it as they found it (each makes dictionaries of its own)."""
    with running_service(tmp_path_factory.mktemp("service") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def api(service: Running) -> Iterator[httpx.Client]:
    """An admin's session with that service."""
    with service.client() as client:
        yield client
