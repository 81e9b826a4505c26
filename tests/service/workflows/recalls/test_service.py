"""Recall by the whole service: its own memory, its own ledger, its own keys."""

import httpx
import pytest

from tests.running import Running, fresh_dictionary, train, upload
from tests.service.workflows.recalls.conftest import PARTS

CSV = "subject,relation,answer\n" + "".join(",".join(fact) + "\n" for fact in PARTS)
PAIR: dict[str, object] = {"subject": "PART-2", "relation": "maker"}


@pytest.fixture(scope="module")
def parts(api: httpx.Client) -> str:
    """A dictionary with the parts, trained."""
    dictionary = fresh_dictionary(api, CSV, on_conflict="many")
    assert train(api, dictionary)["state"] == "succeeded"
    return f"/v1/dictionaries/{dictionary}"


def test_every_form_is_answered_by_the_trained_memory(api: httpx.Client, parts: str) -> None:
    """Pairs, chains, listings and sentences get from the trained memory what was uploaded, and nothing else."""
    queries: list[dict[str, object]] = [
        PAIR,
        {"subject": "ｐａｒｔ－２", "relation": "Maker"},
        {"subject": "PART-1", "relations": ["maker", "city", "post code"]},
        {"subject": "PART-1"},
        {"question": "What is the pack quantity of PART-2?"},
        {"question": "maker of PART-1 and PART-3"},
        {"subject": "maker", "relation": "PART-2"},
        {"subject": "PART-3", "relations": ["maker", "city"]},
        {"question": "the post code of PART-1"},
    ]
    results = api.post(f"{parts}/recall:batch", json={"queries": queries}).json()["results"]
    assert [(result["status"], result["answers"]) for result in results] == [
        ("answered", ["Beppu", "Chiba"]),
        ("answered", ["Beppu", "Chiba"]),
        ("answered", ["010-0000"]),
        ("answered", ["24", "Akita"]),
        ("answered", ["12"]),
        ("ambiguous", []),
        ("unknown", []),
        ("unknown", []),
        ("unknown", []),
    ]
    assert results == [api.post(f"{parts}/recall", json=query).json() for query in queries]
    assert [(each["subject"], each["relation"]) for each in results[5]["candidates"]] == [
        ("PART-1", "maker"),
        ("PART-3", "maker"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"subject": "ｐａｒｔ－２", "relation": "MAKER"},
        {"subject": " PART-2", "relation": "maker\u3000"},
        {"question": "Ｍａｋｅｒ of part-2"},
    ],
)
def test_another_spelling_is_compared_with_the_name_it_stands_for(
    api: httpx.Client, parts: str, query: dict[str, object]
) -> None:
    """Where a folded name was answered, the ledger's fact of the taught name is set beside it."""
    result = api.post(f"{parts}/recall", json=query | {"compare": True}).json()
    assert (result["answers"], result["ledger"]["agrees"]) == (["Beppu", "Chiba"], True)
    assert result["ledger"]["line"] == 5


def test_the_ledger_is_compared_at_the_memorys_own_version(api: httpx.Client) -> None:
    """After an upload the old memory still agrees with the ledger it was trained on; the new one with the new."""
    dictionary = fresh_dictionary(api, CSV, on_conflict="many")
    before = train(api, dictionary)["memory"]
    changed = upload(api, dictionary, "subject,relation,answer\nPART-1,maker,Osaka\n").json()
    after = train(api, dictionary)["memory"]
    asked = {"subject": "PART-1", "relation": "maker", "compare": True}
    old, new = (
        api.post(f"/v1/dictionaries/{dictionary}/recall", json=asked | {"memory": memory}).json()
        for memory in (before, after)
    )
    assert (old["answers"], old["ledger"]["agrees"], old["ledger"]["line"]) == (["Akita"], True, 3)
    assert (new["answers"], new["ledger"]["agrees"], new["ledger"]["upload"]) == (["Osaka"], True, changed["id"])


def test_the_first_recall_after_a_switch_meets_the_new_champion(api: httpx.Client, parts: str) -> None:
    """When training has succeeded or an alias was put, the next recall is already the new memory's."""
    dictionary = parts.rpartition("/")[2]
    first = api.post(f"{parts}/recall", json=PAIR).json()["memory"]
    second = train(api, dictionary)["memory"]
    assert api.post(f"{parts}/recall", json=PAIR).json()["memory"] == second != first
    for memory in (first, second, first):
        assert api.put(f"{parts}/aliases/champion", json={"memory": memory, "reason": "test"}).status_code == 200
        assert api.post(f"{parts}/recall", json=PAIR).json()["memory"] == memory


def test_roles_and_revoked_keys_are_kept_out(service: Running, api: httpx.Client, parts: str) -> None:
    """A query key recalls, an audit key does not, and a revoked key is soon nobody's, and stays so."""
    keys = {role: api.post("/v1/keys", json={"role": role}).json() for role in ("query", "audit")}
    with service.client(keys["query"]["key"]) as query, service.client(keys["audit"]["key"]) as audit:
        assert query.post(f"{parts}/recall", json=PAIR).status_code == 200
        assert audit.post(f"{parts}/recall", json=PAIR).json()["code"] == "forbidden"
        assert api.delete(f"/v1/keys/{keys['query']['info']['id']}").is_success
        codes = [200]
        while codes[-1] == 200:  # the test's own time limit ends a wait in vain
            codes.append(query.post(f"{parts}/recall", json=PAIR).status_code)
        assert codes[-1] == 401
        assert query.post(f"{parts}/recall", json=PAIR).json()["code"] == "unauthorized"


def test_a_deleted_dictionary_recalls_nothing(api: httpx.Client) -> None:
    """Once a dictionary is deleted, the next recall of it is 404, though its memory was loaded."""
    dictionary = fresh_dictionary(api, CSV, on_conflict="many")
    train(api, dictionary)
    assert api.post(f"/v1/dictionaries/{dictionary}/recall", json=PAIR).status_code == 200
    assert api.delete(f"/v1/dictionaries/{dictionary}").is_success
    assert api.post(f"/v1/dictionaries/{dictionary}/recall", json=PAIR).json()["code"] == "not_found"


def test_recalls_are_counted_by_status_alone(api: httpx.Client, parts: str) -> None:
    """The metrics count recalls by status, one for each query, and hold no name."""

    def counted() -> dict[str, float]:
        lines = api.get("/metrics").text.splitlines()
        return {
            line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
            for line in lines
            if "factstore_recalls_total{" in line
        }

    before = counted()
    api.post(f"{parts}/recall:batch", json={"queries": [PAIR, PAIR, {"subject": "x", "relation": "y"}]})
    api.post(f"{parts}/recall:batch", json={"subjects": ["PART-1"], "relations": ["maker"]})
    after = counted()
    assert {name: after[name] - before.get(name, 0) for name in after} == {
        'factstore_recalls_total{status="answered"}': 3,
        'factstore_recalls_total{status="unknown"}': 1,
        'factstore_recalls_total{status="ambiguous"}': 0,
    }
    assert "PART" not in api.get("/metrics").text
