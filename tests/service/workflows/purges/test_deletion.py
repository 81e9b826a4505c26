"""A deletion is exact: what stays is the memory that never saw the facts, and the proof says so."""

import random
from typing import Any

import httpx
import pytest

from service.memory import Facts, fit
from service.memory.recall import answer_sets
from service.memory.recipe import Resolved
from tests.running import Running, fresh_dictionary, train
from tests.service.memory.conftest import DICTIONARIES, read

DELETIONS, REQUESTS = 200, 4


@pytest.mark.parametrize("name", ["elements.csv", "kinships.csv", "unicode_sample.csv"])
def test_a_memory_after_deletions_is_one_that_never_saw_the_facts(
    service: Running, api: httpx.Client, name: str
) -> None:
    """200 random deletions of a real dictionary over HTTP: the digest is that of a training without them, by the same
    resolved recipe; every probe of a deleted pair says absent, with the proof of its own deletion.
    """
    truth = answer_sets(read(DICTIONARIES / name))
    dictionary = fresh_dictionary(api, (DICTIONARIES / name).read_text("utf-8"), on_conflict="many")
    first = train(api, dictionary)["memory"]
    gone = random.Random(name).sample(sorted(truth), DELETIONS)
    versions = [deleted(api, dictionary, gone[at::REQUESTS]) for at in range(REQUESTS)]
    info = api.get(f"/v1/memories/{versions[-1]}").json()
    assert info["digest"] == digest_without(service, dictionary, info["recipe"], truth, set(gone))
    for at, pair in enumerate(gone[:REQUESTS]):
        before, after = [first, *versions][at : at + 2]
        held, absent = (look(api, memory, pair) for memory in (before, versions[-1]))
        assert (held["status"], held["absent"], held["proof"]) == ("answered", False, None)
        assert absent["absent"]
        proof = absent["proof"]
        assert (proof["memory_before"], proof["memory_after"], proof["digest_before"]) == (
            before,
            after,
            held["digest"],
        )
        assert (proof["status_before"], proof["status_after"]) == ("answered", absent["status"])
        assert proof["margin_before"] > 0


def deleted(api: httpx.Client, dictionary: str, pairs: list[tuple[str, str]]) -> str:
    """The memory that answers once these pairs are deleted."""
    batch = {"delete": [{"subject": subject, "relation": relation} for subject, relation in pairs]}
    reply = api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=batch)
    assert reply.status_code == 200, reply.text
    memory: str = reply.json()["memory"]
    return memory


def digest_without(
    service: Running,
    dictionary: str,
    recipe: dict[str, object],
    truth: dict[tuple[str, str], tuple[str, ...]],
    gone: set[tuple[str, str]],
) -> str:
    rows = [(*pair, answer) for pair, answers in truth.items() if pair not in gone for answer in answers]
    secret = (service.data / "secrets" / dictionary).read_bytes()
    return fit(Facts(*zip(*rows, strict=True)), Resolved.from_json(recipe), secret=secret, device="cpu").digest


def look(api: httpx.Client, memory: str, pair: tuple[str, str]) -> dict[str, Any]:
    reply = api.post(f"/v1/memories/{memory}/absence", json={"subject": pair[0], "relation": pair[1]})
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def test_a_denied_relation_looks_like_one_that_was_never_taught(api: httpx.Client) -> None:
    """A key that may not see a relation learns neither that a pair is held nor that it was deleted."""
    dictionary = fresh_dictionary(api, "subject,relation,answer\na,open,1\na,hidden,2\nb,hidden,3\n")
    first = train(api, dictionary)["memory"]
    after = deleted(api, dictionary, [("b", "hidden")])
    key = api.post("/v1/keys", json={"role": "audit", "scoped": True}).json()
    grant = {"role": "audit", "denied": ["hidden"]}
    assert api.put(f"/v1/dictionaries/{dictionary}/grants/{key['info']['id']}", json=grant).is_success
    with httpx.Client(base_url=api.base_url, headers={"Authorization": f"Bearer {key['key']}"}) as scoped:
        never = look(scoped, first, ("a", "never taught"))
        assert (never["status"], never["absent"], never["proof"]) == ("unknown", True, None)
        assert look(scoped, first, ("a", "hidden")) == never
        assert look(scoped, after, ("b", "hidden"))["proof"] is None
        assert look(scoped, after, ("a", "open"))["status"] == "answered"
