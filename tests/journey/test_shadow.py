"""A challenger in the shadow of live recalls: it is counted by relation, listed, and never delays them."""

import time
from typing import Any

import httpx
import pytest

from tests.running import PATIENCE, Running, fresh_dictionary, train

HEAD = "subject,relation,answer\n"
FACTS = f"{HEAD}a,r,1\nb,r,2\nc,s,3\n"


def wait_for_figures(api: httpx.Client, url: str, asked: int) -> dict[str, Any]:
    """Wait until this many pairs were compared, and return the figures."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found: dict[str, Any] = api.get(f"{url}/shadow").json()
        if found["asked"] + found["dropped"] >= asked:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not compared: {found}")


def recall(api: httpx.Client, url: str, pairs: list[tuple[str, str]]) -> None:
    subjects, relations = zip(*pairs, strict=True)
    assert api.post(f"{url}/recall:batch", json={"subjects": subjects, "relations": relations}).status_code == 200


def edit(api: httpx.Client, url: str, subject: str, answer: str) -> None:
    changed = {"subject": subject, "relation": "r", "answer": answer}
    assert api.post(f"{url}/facts:batch", json={"upsert": [changed]}).status_code == 200


@pytest.fixture
def url(api: httpx.Client) -> str:
    """A dictionary with a champion and a challenger of another recipe, all of whose recalls are compared."""
    dictionary = fresh_dictionary(api, FACTS)
    for body in ({}, {"publish": "challenger", "recipe": {"profile": "compact"}}):
        assert train(api, dictionary, **body)["state"] == "succeeded"
    url = f"/v1/dictionaries/{dictionary}"
    assert api.put(f"{url}/shadow", json={"share": 1}).status_code == 200
    return url


def test_what_agrees_is_counted_by_relation(api: httpx.Client, url: str) -> None:
    """Untaught relations stand together; recalls that were not the champion's are not compared."""
    recall(api, url, [("a", "r"), ("b", "r"), ("c", "s"), ("zzz", "r"), ("a", "of no table")])
    api.post(f"{url}/recall", json={"subject": "a", "relation": "r", "alias": "challenger"})
    found = wait_for_figures(api, url, 5)
    assert (found["asked"], found["agreed"], found["disagreed"], found["stale"]) == (5, 5, 0, 0)
    counted = {each["relation"]: each["asked"] for each in found["relations"]}
    assert counted == {None: 1, "r": 3, "s": 1}
    assert api.get(f"{url}/shadow/disagreements").json()["disagreements"] == []


def test_a_challenger_that_falls_behind_is_told_apart(api: httpx.Client, url: str) -> None:
    """Pairs that changed since are stale, whatever it says; all others still count for or against it."""
    edit(api, url, "a", "9")
    recall(api, url, [("a", "r"), ("b", "r")])
    found = wait_for_figures(api, url, 2)
    assert (found["behind"], found["agreed"], found["disagreed"], found["stale"]) == (1, 1, 0, 1)
    [listed] = api.get(f"{url}/shadow/disagreements").json()["disagreements"]
    assert (listed["subject"], listed["stale"]) == ("a", True)
    assert (listed["champion"]["answers"], listed["challenger"]["answers"]) == (["9"], ["1"])
    moved = {"memory": found["challenger"], "reason": "better"}
    assert api.put(f"{url}/aliases/champion", json=moved).json()["code"] == "behind_ledger"


def test_a_real_disagreement_is_listed(api: httpx.Client, url: str) -> None:
    """With the same facts taught, a reply that differs counts against the challenger."""
    before = api.get(f"{url}/aliases/champion").json()["memory"]
    edit(api, url, "a", "9")
    edit(api, url, "a", "1")
    api.put(f"{url}/aliases/beta", json={"memory": before, "reason": "same facts"})
    assert api.put(f"{url}/shadow", json={"share": 1, "alias": "beta"}).json()["asked"] == 0
    recall(api, url, [("a", "r")])
    assert wait_for_figures(api, url, 1)["agreed"] == 1


def test_only_who_may_read_the_ledger_sees_the_list(service: Running, api: httpx.Client, url: str) -> None:
    """Counts are figures; the list holds names and answers."""
    key = api.post("/v1/keys", json={"role": "query", "label": "tool"}).json()["key"]
    with service.client(key) as tool:
        assert tool.get(f"{url}/shadow").status_code == 200
        assert tool.get(f"{url}/shadow/disagreements").status_code == 403
        assert tool.put(f"{url}/shadow", json={"share": 0.5}).status_code == 403


def test_the_shadow_can_be_left(api: httpx.Client, url: str) -> None:
    """Removing the shadow removes its figures; the champion cannot shadow itself, and a share lies between 0 and 1."""
    assert api.delete(f"{url}/shadow").status_code == 204
    assert api.get(f"{url}/shadow").status_code == 404
    assert api.delete(f"{url}/shadow").status_code == 404
    assert api.put(f"{url}/shadow", json={"share": 1, "alias": "champion"}).status_code == 422
    assert api.put(f"{url}/shadow", json={"share": 1.5}).status_code == 422
