"""White space at the ends of a name is not part of it, on any route."""

import csv
import io
import time
from collections.abc import Callable

import httpx
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.facts import WHITE_SPACE
from tests.running import PATIENCE, fresh_dictionary, train, wait

SPACE = st.text(st.sampled_from(WHITE_SPACE), max_size=3)
SUBJECT, RELATION = "PART-1", "maker"


def pad(before: str, after: str) -> dict[str, str]:
    return {"subject": f"{before}{SUBJECT}{after}", "relation": f"{after}{RELATION}{before}"}


def table(names: dict[str, str]) -> str:
    text = io.StringIO()
    rows = [("subject", "relation", "answer"), (*names.values(), "Akita"), ("PART-2", "size", "24")]
    csv.writer(text).writerows(rows)
    return text.getvalue()


@settings(max_examples=4, deadline=None)
@given(SPACE, SPACE)
@example("\ufeff", "\xa0")
@example("\u3000", "\ufeff")
def test_a_name_means_the_same_on_every_route(api: httpx.Client, before: str, after: str) -> None:
    """Uploads, edits, searches, recalls, reviews, proofs of absence and purges with white space around the names reach
    the pair that the ledger holds without it.
    """
    names = pad(before, after)
    dictionary = fresh_dictionary(api, table(names))
    base = f"/v1/dictionaries/{dictionary}"
    memory = train(api, dictionary)["memory"]

    def held(asked: dict[str, str]) -> list[tuple[str, str, str]]:
        facts = api.post(f"{base}/facts:search", json=asked).json()["facts"]
        return [(fact["subject"], fact["relation"], fact["answer"]) for fact in facts]

    assert held({"subject": SUBJECT, "relation": RELATION}) == held(names) == [(SUBJECT, RELATION, "Akita")]
    recalled = api.post(f"{base}/recall", json={**names, "compare": True}).json()
    assert (recalled["answers"], recalled["ledger"]["agrees"]) == (["Akita"], True)
    review = api.post(f"{base}/reviews", json=names).json()
    assert (review["subject"], review["relation"], review["answers"]) == (SUBJECT, RELATION, ["Akita"])
    marked = api.put(f"{base}/gate/priority", json={"pairs": [names], "relations": [names["relation"]]}).json()
    assert marked == {"pairs": [{"subject": SUBJECT, "relation": RELATION}], "relations": [RELATION]}
    assert not api.post(f"/v1/memories/{memory}/absence", json=names).json()["absent"]

    edited = api.post(f"{base}/facts:batch", json={"upsert": [{**names, "answer": "Beppu"}]}).json()
    assert edited["results"][0]["status"] == "updated"
    assert held({"subject": SUBJECT}) == [(SUBJECT, RELATION, "Beppu")]
    found = api.post("/v1/audit:search", json={"dictionary": dictionary, **names}).json()
    assert "edit" in {entry["act"] for entry in found["entries"]}

    purged = api.post(f"{base}/facts:purge", json={"pairs": [names], "reason": "asked for"}).json()
    assert purged["pairs"] == 1
    assert wait(api, purged["job"])["state"] == "succeeded"
    assert held({"subject": SUBJECT}) == []
    assert api.post(f"{base}/recall", json={"subject": SUBJECT, "relation": RELATION}).json()["status"] == "unknown"


def test_live_use_counts_a_relation_under_its_name(api: httpx.Client) -> None:
    """Asked with a byte order mark or a no-break space at its ends, a relation is counted as itself."""
    dictionary = fresh_dictionary(api, table({"subject": SUBJECT, "relation": RELATION}))
    train(api, dictionary)
    spellings = ["maker", "\ufeffmaker", "maker\xa0"]
    columns = {"subjects": [SUBJECT] * 3, "relations": spellings}
    assert api.post(f"/v1/dictionaries/{dictionary}/recall:batch", json=columns).status_code == 200

    def counted() -> dict[str | None, int]:
        use = api.get(f"/v1/dictionaries/{dictionary}/use").json()
        return {each["relation"]: each["asked"] for each in use["relations"] if each["asked"]}

    assert wait_for_count(counted) == {RELATION: 3}


def wait_for_count(counted: Callable[[], dict[str | None, int]], seconds: float = PATIENCE) -> dict[str | None, int]:
    """What is counted once anything is: it is written about a second later."""
    deadline = time.monotonic() + seconds
    while not counted() and time.monotonic() < deadline:
        time.sleep(0.1)
    return counted()
