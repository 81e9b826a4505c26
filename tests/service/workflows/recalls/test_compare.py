"""`compare` sets the ledger's view beside an answer and never makes one."""

import httpx
import pytest

from service.storage.lookup import Source
from tests.service.workflows.recalls.shelf import Shelf

AGREES = Source(("Chiba", "Beppu"), "upl_1", 6)
OTHER = Source(("Osaka",), "upl_2", 3)


@pytest.fixture(autouse=True)
def ledger(shelf: Shelf) -> None:
    shelf.held = {("PART-2", "maker"): AGREES, ("PART-1", "maker"): OTHER, ("PART-9", "maker"): OTHER}


def view(http: httpx.Client, query: dict[str, object]) -> tuple[object, object]:
    result = http.post("/recall", json=query | {"compare": True}).json()
    return result["answers"], result["ledger"]


def test_the_ledger_agrees_with_a_right_answer(http: httpx.Client) -> None:
    """The same set of answers agrees, in whatever order the ledger holds it; upload and line say where it came from."""
    expected = {"agrees": True, "answers": ["Beppu", "Chiba"], "upload": "upl_1", "line": 6}
    assert view(http, {"subject": "PART-2", "relation": "maker"}) == (["Beppu", "Chiba"], expected)
    assert view(http, {"subject": " PART-2 ", "relation": "maker"})[1] == expected
    assert view(http, {"question": "maker of PART-2"})[1] == expected


def test_the_ledger_never_answers(http: httpx.Client) -> None:
    """Where memory and ledger differ the answer stays the memory's: another answer, or none."""
    disagrees = {"agrees": False, "answers": ["Osaka"], "upload": "upl_2", "line": 3}
    assert view(http, {"subject": "PART-1", "relation": "maker"}) == (["Akita"], disagrees)
    assert view(http, {"subject": "PART-9", "relation": "maker"}) == ([], disagrees)


def test_both_hold_nothing(http: httpx.Client) -> None:
    """An unknown pair that the ledger does not hold either agrees, without upload or line."""
    nothing = {"agrees": True, "answers": [], "upload": None, "line": None}
    assert view(http, {"subject": "PART-7", "relation": "maker"}) == ([], nothing)


def test_results_about_no_single_pair_have_no_view(http: httpx.Client) -> None:
    """Chains, listings and ambiguous questions are about no single pair: `ledger` stays null."""
    queries: list[dict[str, object]] = [
        {"subject": "PART-1", "relations": ["maker", "city"]},
        {"subject": "PART-2"},
        {"question": "?"},
    ]
    for query in queries:
        assert view(http, query)[1] is None


def test_a_batch_compares_all_or_the_rows_that_ask(http: httpx.Client) -> None:
    """`compare` of the batch means every row; of a row, that row."""
    row = {"subject": "PART-2", "relation": "maker"}
    some = http.post("/recall:batch", json={"queries": [row, row | {"compare": True}]}).json()["results"]
    assert [result["ledger"] is not None for result in some] == [False, True]
    every = http.post("/recall:batch", json={"queries": [row, row], "compare": True}).json()["results"]
    assert all(result["ledger"]["agrees"] for result in every)
