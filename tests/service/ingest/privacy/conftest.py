"""Policies and pseudonyms under one fixed secret."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.policies import Policy
from service.ingest.privacy.policies import Policies
from service.ingest.privacy.pseudonyms import Pseudonyms

Make = Callable[..., Policies]


@pytest.fixture(scope="session")
def pseudonyms() -> Pseudonyms:
    return Pseudonyms(bytes(range(32)))


@pytest.fixture(scope="session")
def policies(pseudonyms: Pseudonyms) -> Make:
    """`policies(mail="mask", age={"to": "band", "width": 10}, subjects=True)`: the policy of each relation."""

    def make(subjects: bool = False, **wanted: str | dict[str, Any]) -> Policies:
        policies = [
            {"relation": relation, "policy": "generalise", "generalise": to}
            if isinstance(to, dict)
            else {"relation": relation, "policy": to}
            for relation, to in wanted.items()
        ]
        made = Policies.of(map(Policy.model_validate, policies), subjects=subjects, pseudonyms=pseudonyms)
        assert made is not None
        return made

    return make
