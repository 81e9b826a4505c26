"""Reviews over HTTP: reported, sampled, decided by somebody else, corrected by an edit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.running import Running, fresh_dictionary, train

CSV = "subject,relation,answer\n" + "".join(f"PART-{n},maker,maker {n}\n" for n in range(60))
PAIR = {"subject": "PART-1", "relation": "maker"}


@dataclass(frozen=True, slots=True)
class People:
    """Sessions with keys of their own; the admin uploads."""

    admin: httpx.Client
    tool: httpx.Client
    reviewer: httpx.Client
    other: httpx.Client


@pytest.fixture(scope="module")
def people(service: Running, api: httpx.Client) -> Iterator[People]:
    made = [api.post("/v1/keys", json={"role": role}).json()["key"] for role in ("query", "review", "review")]
    tool, reviewer, other = (service.client(key) for key in made)
    with tool, reviewer, other:
        yield People(api, tool, reviewer, other)


@pytest.fixture
def parts(api: httpx.Client) -> str:
    dictionary = fresh_dictionary(api, CSV)
    assert train(api, dictionary)["state"] == "succeeded"
    return f"/v1/dictionaries/{dictionary}"


def reported(people: People, parts: str, **more: object) -> str:
    """The URL of an item that the tool reported."""
    made = people.tool.post(f"{parts}/reviews", json={**PAIR, **more})
    assert made.status_code == 201, made.text
    return f"{parts}/reviews/{made.json()['id']}"


def decide(client: httpx.Client, item: str, decision: str, **more: object) -> httpx.Response:
    return client.post(item, json={"decision": decision, "reason": "looked at the drawing", **more})


def test_a_correction_is_served_when_it_is_acknowledged(people: People, parts: str) -> None:
    """Reported with what was answered, then corrected: the champion answers rightly, the item says before and after."""
    item = reported(people, parts, expected=["Akita"], note="the drawing says so")
    found = people.reviewer.get(item)
    assert (found.json()["state"], found.json()["answers"], found.headers["etag"]) == ("open", ["maker 1"], '"1"')
    assert found.json()["margin"] > 0
    before = people.tool.post(f"{parts}/recall", json=PAIR).json()
    decided = decide(people.reviewer, item, "correct", answers=["Akita"])
    assert decided.status_code == 200, decided.text
    after = people.tool.post(f"{parts}/recall", json=PAIR).json()
    assert (before["answers"], after["answers"]) == (["maker 1"], ["Akita"])
    review = decided.json()
    assert review["state"] == "corrected"
    assert (review["memory_before"], review["memory_after"]) == (before["memory"], after["memory"])


def test_a_pair_that_has_no_answer_is_taken_away(people: People, parts: str) -> None:
    """Corrected to an empty list, the pair becomes unknown."""
    assert decide(people.reviewer, reported(people, parts), "correct", answers=[]).is_success
    assert people.tool.post(f"{parts}/recall", json=PAIR).json()["status"] == "unknown"


def test_authors_do_not_decide(people: People, parts: str, service: Running) -> None:
    """Neither who reported, nor who taught the fact, nor either of them under a rotated key; others do."""
    made = people.reviewer.post(f"{parts}/reviews", json=PAIR).json()
    item = f"{parts}/reviews/{made['id']}"
    rotated = people.admin.post(f"/v1/keys/{made['by']}/rotate", json={}).json()["key"]
    with service.client(rotated) as again:
        for author in (people.reviewer, people.admin, again):
            refused = decide(author, item, "accept")
            assert (refused.status_code, refused.json()["code"]) == (403, "reviewer_is_author")
    assert decide(people.tool, item, "accept").json()["code"] == "forbidden"
    assert decide(people.other, item, "accept").json()["state"] == "accepted"


def test_who_corrected_a_fact_does_not_review_it(people: People, parts: str) -> None:
    """A correction teaches: its reviewer is the author of the new answer."""
    assert decide(people.reviewer, reported(people, parts), "correct", answers=["Akita"]).is_success
    item = reported(people, parts)
    assert decide(people.reviewer, item, "accept").json()["code"] == "reviewer_is_author"
    assert decide(people.other, item, "accept").is_success


def test_two_reviewers_cannot_both_decide(people: People, parts: str) -> None:
    """The second one's If-Match is stale (412), without it the item is decided (409); no second edit happens."""
    item = reported(people, parts)
    tag = {"If-Match": people.reviewer.get(item).headers["etag"]}
    first = people.reviewer.post(item, json={"decision": "correct", "answers": ["A"], "reason": "x"}, headers=tag)
    second = people.other.post(item, json={"decision": "correct", "answers": ["B"], "reason": "x"}, headers=tag)
    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 412, "precondition_failed")
    assert decide(people.other, item, "accept").json()["code"] == "review_decided"
    assert people.tool.post(f"{parts}/recall", json=PAIR).json()["answers"] == ["A"]


def test_a_rejected_item_returns_to_the_queue(people: People, parts: str) -> None:
    """Still open, with the reason and a counter; its ETag has moved."""
    item = reported(people, parts)
    returned = decide(people.reviewer, item, "reject").json()
    assert (returned["state"], returned["returned"], returned["version"]) == ("open", 1, 2)
    assert returned["reason"] == "looked at the drawing"
    queue = people.reviewer.get(f"{parts}/reviews", params={"state": "open"}).json()["reviews"]
    assert [each["id"] for each in queue] == [returned["id"]]


def test_the_queue_is_paged_in_each_order(people: People, parts: str) -> None:
    """Pages follow each other without gap or repetition; margins ascend, the newest comes first."""
    drawn = people.reviewer.post(f"{parts}/reviews:sample", json={"count": 25, "method": "lowest_margin"}).json()
    assert (drawn["drawn"], drawn["population"]) == (25, 60)
    for order in ("random", "lowest_margin", "newest"):
        seen: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            asked = {"order": order, "limit": "10"} | ({"cursor": cursor} if cursor else {})
            page = people.reviewer.get(f"{parts}/reviews", params=asked).json()
            seen += page["reviews"]
            cursor = page["cursor"]
            if cursor is None:
                break
        assert len({each["id"] for each in seen}) == len(seen) == 25
        if order == "lowest_margin":
            assert [each["margin"] for each in seen] == sorted(each["margin"] for each in seen)
    assert all(0 < each["probability"] <= 1 for each in seen)
    assert people.reviewer.get(f"{parts}/reviews", params={"cursor": "x"}).status_code == 422


def test_an_estimate_counts_sampled_and_reported_apart(people: People, parts: str) -> None:
    """Two wrong of a sample of ten: 20 %, with its interval; the report counts beside it; ten decide nothing."""
    assert decide(people.reviewer, reported(people, parts), "accept").is_success
    drawn = people.reviewer.post(f"{parts}/reviews:sample", json={"count": 10}).json()
    queue = people.reviewer.get(f"{parts}/reviews", params={"state": "open"}).json()["reviews"]
    for at, each in enumerate(queue):
        more = {"answers": ["else"]} if at < 2 else {}
        sent = decide(people.reviewer, f"{parts}/reviews/{each['id']}", "correct" if at < 2 else "accept", **more)
        assert sent.is_success, sent.text
    found = people.tool.get(f"{parts}/reviews/estimate").json()
    assert (found["memory"], found["drawn"], found["decided"], found["wrong"]) == (drawn["memory"], 10, 10, 2)
    assert found["rate"] == pytest.approx(0.2)
    assert found["interval"] == pytest.approx([0.02521, 0.55610], abs=1e-4)
    assert (found["verdict"], found["method"]) == ("not_decisive", "clopper_pearson")
    assert found["reported"] == {"open": 0, "right": 1, "wrong": 0}


def test_decisions_need_their_answers(people: People, parts: str) -> None:
    """A correction without answers, or an acceptance with some, is refused."""
    item = reported(people, parts)
    assert decide(people.reviewer, item, "correct").status_code == 422
    assert decide(people.reviewer, item, "accept", answers=["x"]).status_code == 422
