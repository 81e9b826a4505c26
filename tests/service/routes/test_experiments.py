"""Experiments over HTTP: ordered by whoever may train, followed as jobs, their results documents of one shape."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from schemas.experiments import Experiment
from tests.running import Running, fresh_dictionary, wait

ROWS = [(f"part {row % 8}", f"relation {row // 8}", f"value {row * 5 % 7}") for row in range(32)]
FACTS = "subject,relation,answer\n" + "".join(f"{','.join(row)}\n" for row in ROWS)
QUICK = {"kind": "learning", "seconds": 1, "tasks": ["dictionary"]}


@pytest.fixture(scope="module")
def url(api: httpx.Client) -> str:
    """The experiments of a dictionary with facts."""
    return f"/v1/dictionaries/{fresh_dictionary(api, FACTS)}/experiments"


@pytest.fixture(scope="module")
def done(api: httpx.Client, url: str) -> dict[str, Any]:
    """The job of an experiment that has ended."""
    return ordered(api, url)


def ordered(api: httpx.Client, url: str, **changed: Any) -> dict[str, Any]:
    reply = api.post(url, json=QUICK | changed)
    assert (reply.status_code, reply.headers["location"]) == (202, f"/v1/jobs/{reply.json()['id']}")
    return wait(api, reply.json()["id"], 120)


def test_its_result_is_the_document(done: dict[str, Any]) -> None:
    """The job says what it is; what it found can be read as an experiment of the facts there are."""
    assert (done["kind"], done["state"], done["progress"], done["problem"]) == ("experiment", "succeeded", 1, None)
    document = Experiment.model_validate(done["result"])
    assert (document.id, document.facts, document.cached) == ("learning", len(ROWS), 0)
    assert document.trials > 0


def test_what_was_tried_is_not_tried_again(api: httpx.Client, url: str, done: dict[str, Any]) -> None:
    """The same experiment ordered again knows every trial of the first, and has its time for more."""
    first, again = (Experiment.model_validate(job["result"]) for job in (done, ordered(api, url)))
    assert first.trials <= again.cached <= again.trials


def test_they_are_listed_newest_first(api: httpx.Client, url: str, done: dict[str, Any]) -> None:
    """With kind, state and seconds, and without what they found."""
    queued = api.post(url, json=QUICK | {"kind": "heads", "seconds": 900}).json()["id"]
    api.delete(f"/v1/jobs/{queued}")
    wait(api, queued)
    newest, *_, oldest = api.get(url).json()["experiments"]
    assert [newest[field] for field in ("id", "kind", "state", "seconds")] == [queued, "heads", "cancelled", 900]
    assert [oldest[field] for field in ("id", "kind", "state", "seconds")] == [done["id"], "learning", "succeeded", 1]
    assert "result" not in oldest


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "nothing"},
        {"seconds": 0},
        {"seconds": 1e9},
        {"seconds": "NaN"},
        {"seed": -1},
        {"tasks": []},
        {"tasks": ["dictionary"] * 3},
        {"false_answers": 0},
        {"latency_ms": 0},
        {"facts": 0},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_done_is_refused(api: httpx.Client, url: str, wrong: dict[str, Any]) -> None:
    """A problem that names the field, and no job."""
    before = len(api.get(url).json()["experiments"])
    reply = api.post(url, json=QUICK | wrong)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
    assert len(api.get(url).json()["experiments"]) == before


def test_without_facts_there_is_nothing_to_try(api: httpx.Client) -> None:
    """As a training, and as an upload without a usable row."""
    reply = api.post(f"/v1/dictionaries/{fresh_dictionary(api)}/experiments", json=QUICK)
    assert (reply.status_code, reply.json()["code"]) == (422, "no_usable_row")


def test_a_request_sent_again_under_its_key_is_one_experiment(api: httpx.Client, url: str) -> None:
    """The same request gets the same job, another one under the key is refused."""
    headers = {"Idempotency-Key": "once"}
    first, again = (api.post(url, json=QUICK, headers=headers).json()["id"] for _ in range(2))
    assert first == again
    other = api.post(url, json=QUICK | {"seed": 1}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    api.delete(f"/v1/jobs/{first}")


@pytest.mark.parametrize(("role", "allowed"), [("ingest", (202, 200)), ("audit", (403, 200)), ("query", (403, 403))])
def test_who_may_train_may_experiment(
    service: Running, api: httpx.Client, url: str, role: str, allowed: tuple[int, int]
) -> None:
    """And who may read jobs may list them."""
    key = api.post("/v1/keys", json={"role": role}).json()["key"]
    with service.client(key) as caller:
        reply = caller.post(url, json=QUICK)
        assert (reply.status_code, caller.get(url).status_code) == allowed
    if reply.is_success:
        api.delete(reply.headers["location"])


@pytest.fixture
def narrowed(service: Running, api: httpx.Client, url: str) -> Iterator[httpx.Client]:
    """With the rights of an admin over some relations."""
    made = api.post("/v1/keys", json={"role": "admin", "scoped": True}).json()
    grant = {"role": "admin", "relations": ["relation 1"]}
    granted = api.put(f"{url.removesuffix('/experiments')}/grants/{made['info']['id']}", json=grant)
    assert granted.is_success, granted.text
    with service.client(made["key"]) as caller:
        yield caller


def test_a_key_for_some_relations_reads_no_experiment(
    narrowed: httpx.Client, api: httpx.Client, url: str, done: dict[str, Any]
) -> None:
    """A document names relations: it is neither ordered nor listed, nor read as a job's result; elsewhere is none."""
    replies = [narrowed.post(url, json=QUICK), narrowed.get(url), narrowed.get(f"/v1/jobs/{done['id']}")]
    assert [reply.status_code for reply in replies] == [403, 403, 403]
    assert not any("relation 1" in reply.text for reply in replies)
    hidden = f"/v1/dictionaries/{fresh_dictionary(api, FACTS)}/experiments"
    assert narrowed.post(hidden, json=QUICK).status_code == 404


def test_an_order_is_in_the_audit(api: httpx.Client, done: dict[str, Any]) -> None:
    """By its kind and job; no name."""
    entries = api.get("/v1/audit", params={"act": "experiment", "limit": 100}).json()["entries"]
    assert {"job": done["id"], "kind": "learning"} in [entry["details"] for entry in entries]
