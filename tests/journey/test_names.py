"""Aliases of names over HTTP, from the PUT to the answers."""

import httpx
import pytest

from tests.running import Running, fresh_dictionary, train, upload

FACTS = "subject,relation,answer\nPART-1,standard pack quantity,24\nPART-1,maker,Akita\nPART-2,maker,Beppu\n"
NAMES = {
    "aliases": [
        {"kind": "subject", "alias": "blue bolt", "name": "PART-1"},
        {"kind": "relation", "alias": "SPQ", "name": "standard pack quantity"},
    ],
    "templates": ["{subject} の {relation} は?"],
}


@pytest.fixture
def base(api: httpx.Client) -> str:
    dictionary = fresh_dictionary(api, FACTS)
    assert train(api, dictionary)["state"] == "succeeded"
    return f"/v1/dictionaries/{dictionary}"


def test_names_are_asked_by_as_soon_as_they_are_set(api: httpx.Client, base: str) -> None:
    """The reply names the pair as it was asked, agrees with the ledger, and is unknown again without the alias."""
    asked = {"subject": "blue bolt", "relation": "spq", "compare": True}
    assert api.post(f"{base}/recall", json=asked).json()["status"] == "unknown"
    put = api.put(f"{base}/names", json=NAMES)
    assert (put.status_code, put.headers["etag"]) == (200, '"1"')
    result = api.post(f"{base}/recall", json=asked).json()
    assert (result["status"], result["answers"]) == ("answered", ["24"])
    assert (result["subject"], result["relation"]) == ("blue bolt", "spq")
    assert result["ledger"]["agrees"]
    question = api.post(f"{base}/recall", json={"question": "blue boltのSPQは？"}).json()
    assert (question["subject"], question["relation"], question["answers"]) == ("blue bolt", "SPQ", ["24"])
    batch = api.post(f"{base}/recall:batch", json={"subjects": ["blue bolt"] * 2, "relations": ["maker", "SPQ"]})
    assert batch.json()["answers"] == [["Akita"], ["24"]]
    found = api.get(f"{base}/names").json()
    assert (found["version"], found["templates"], len(found["aliases"])) == (1, NAMES["templates"], 2)
    assert api.delete(f"{base}/names").status_code == 204
    assert api.post(f"{base}/recall", json=asked).json()["status"] == "unknown"


@pytest.mark.parametrize(
    ("kind", "alias"), [("subject", "part-2"), ("relation", "MAKER"), ("subject", "PART-1"), ("subject", " ")]
)
def test_an_alias_that_is_unclear_is_refused(api: httpx.Client, base: str, kind: str, alias: str) -> None:
    """One that is spelled like a taught name would hide it or be hidden."""
    wanted = {"aliases": [{"kind": kind, "alias": alias, "name": "PART-1"}]}
    refused = api.put(f"{base}/names", json=wanted)
    assert (refused.status_code, refused.json()["extra"]["index"]) == (422, 0)


def test_two_aliases_spelled_alike_are_refused(api: httpx.Client, base: str) -> None:
    """Aliases that fold to the same text could lead to two names, so they are refused."""
    twice = [{"kind": "subject", "alias": alias, "name": "PART-1"} for alias in ("Bolt", "ＢＯＬＴ")]
    assert api.put(f"{base}/names", json={"aliases": twice}).json()["extra"]["index"] == 1
    assert api.put(f"{base}/names", json={"templates": ["{subject}?"]}).status_code == 422


def test_names_change_only_from_the_version_that_was_looked_at(api: httpx.Client, base: str) -> None:
    """If-Match with another version is 412."""
    assert api.put(f"{base}/names", json=NAMES, headers={"if-match": '"0"'}).status_code == 200
    late = api.put(f"{base}/names", json=NAMES, headers={"if-match": '"0"'})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")


def test_an_alias_must_not_keep_a_name_that_is_pseudonymised(api: httpx.Client, base: str) -> None:
    """An alias of a pseudonymised subject is refused, whichever of the two is set first."""
    hidden = {"policies": [], "subjects": "pseudonymise", "reason": "no names"}
    assert api.put(f"{base}/names", json=NAMES).status_code == 200
    assert api.put(f"{base}/policies", json=hidden).status_code == 409
    assert api.delete(f"{base}/names").status_code == 204
    assert api.put(f"{base}/policies", json=hidden).status_code == 200
    assert api.put(f"{base}/names", json=NAMES).status_code == 409


def test_who_asks_does_not_name(service: Running, api: httpx.Client, base: str) -> None:
    """A query key can neither set nor read aliases of names."""
    key = api.post("/v1/keys", json={"role": "query"}).json()["key"]
    with service.client(key) as caller:
        assert caller.put(f"{base}/names", json=NAMES).status_code == 403
        assert caller.get(f"{base}/names").status_code == 403


def test_an_edit_does_not_teach_what_an_alias_is_spelled_like(api: httpx.Client, base: str) -> None:
    """As the alias would be refused where the name is taught; the item is named, and nothing is stored."""
    api.put(f"{base}/names", json=NAMES)
    new = {"subject": "PART-3", "relation": "maker", "answer": "x"}
    for clash in ({**new, "subject": "BLUE bolt"}, {**new, "relation": "spq"}):
        refused = api.post(f"{base}/facts:batch", json={"upsert": [new, clash]})
        assert (refused.status_code, refused.json()["extra"]["index"]) == (422, 1)
        assert "/names" in refused.json()["detail"]
    assert api.get(base).json()["facts"] == 3
    assert api.post(f"{base}/facts:batch", json={"upsert": [new]}).status_code == 200


def test_a_taught_name_is_itself_on_every_route(api: httpx.Client, base: str, service: Running) -> None:
    """An upload may teach what an alias is spelled like. Then recall, comparison, review, correction and audit are all
    about that subject, and none about the one that the alias leads to.
    """
    api.put(f"{base}/names", json=NAMES)
    dictionary = base.rpartition("/")[2]
    assert upload(api, dictionary, "subject,relation,answer\nblue bolt,maker,own\n").status_code == 200
    train(api, dictionary)
    asked = {"subject": "blue bolt", "relation": "maker"}
    result = api.post(f"{base}/recall", json={**asked, "compare": True}).json()
    assert (result["answers"], result["ledger"]["answers"], result["ledger"]["agrees"]) == (["own"], ["own"], True)
    review = api.post(f"{base}/reviews", json={**asked, "expected": ["better"]}).json()
    assert (review["subject"], review["answers"]) == ("blue bolt", ["own"])
    key = api.post("/v1/keys", json={"role": "admin"}).json()["key"]
    with service.client(key) as somebody_else:
        decided = somebody_else.post(
            f"{base}/reviews/{review['id']}", json={"decision": "correct", "answers": ["better"], "reason": "r"}
        )
        assert decided.status_code == 200, decided.text
    answers = {
        subject: api.post(f"{base}/recall", json={**asked, "subject": subject}).json()["answers"]
        for subject in ("blue bolt", "PART-1")
    }
    assert answers == {"blue bolt": ["better"], "PART-1": ["Akita"]}
    found = api.post("/v1/audit:search", json={"dictionary": dictionary, **asked}).json()
    assert [each["id"] for each in found["reviews"]] == [review["id"]]
