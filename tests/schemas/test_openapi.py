"""The OpenAPI document is a promise: it changes only when openapi.json changes with it."""

import json
import re
from pathlib import Path

import httpx

from tests.schemas.write_openapi import GOLDEN

ERRORS = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_document_is_the_one_promised(api: httpx.Client) -> None:
    """To change the promise, run `python -m tests.schemas.write_openapi` and read the difference."""
    served = api.get("/openapi.json").json()
    assert served == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_every_operation_says_how_it_fails(api: httpx.Client) -> None:
    """Each names the problem as its default reply, and nothing names FastAPI's own validation error."""
    document = api.get("/openapi.json").json()
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_refusals_of_single_routes_are_promised(api: httpx.Client) -> None:
    """Every code of 409 and 412 in docs/errors.md stands, under its status, with the operations that refuse by it."""
    document = api.get("/openapi.json").json()
    replies = [op["responses"] for operations in document["paths"].values() for op in operations.values()]
    for status in ("409", "412"):
        promised = {code for each in replies if status in each for code in each[status]["description"].split(", ")}
        assert promised == set(re.findall(rf"^\| `(\w+)` \| {status} ", ERRORS.read_text("utf-8"), re.MULTILINE))
