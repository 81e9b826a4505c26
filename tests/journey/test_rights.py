"""What a key may not learn or stop though it may ask: policies of denied relations, and the jobs of other roles."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.running import Running, fresh_dictionary, upload, wait

FACTS = "subject,relation,answer\nP-1,lead time,4 days\nP-1,e-mail,a@b.example\n"
POLICIES: list[dict[str, Any]] = [
    {"policy": "allow"},
    {"policy": "drop"},
    {"policy": "mask"},
    {"policy": "pseudonymise"},
    {"policy": "generalise", "generalise": {"to": "year"}},
]
FILES = [
    "subject,relation,answer\nP-2,e-mail,c@d.example\n",
    "subject,relation,answer\nP-2,lead time,9 days\nP-2,e-mail,c@d.example\n",
    "subject,relation,answer\nP-2,lead time,9 days\nP-2,e-mail,c@d.example\nP-2,e-mail,other\n",
    "subject,relation,answer\nP-2,lead time,9 days\nP-2,E‐MAIL ,not a date\n",
]


@contextmanager
def keyed(service: Running, admin: httpx.Client, role: str, **more: Any) -> Iterator[tuple[httpx.Client, str]]:
    """A client with a key of its own, and the key's id."""
    made = admin.post("/v1/keys", json={"role": role, **more}).json()
    with service.client(made["key"]) as client:
        yield client, made["info"]["id"]


@pytest.mark.parametrize("file", FILES)
def test_no_upload_tells_the_policy_of_a_denied_relation(service: Running, api: httpx.Client, file: str) -> None:
    """Whatever the policy is, and whether the file is stored or only tried, the refusal is the same."""
    replies = set()
    with keyed(service, api, "ingest", scoped=True) as (caller, key):
        for policy in POLICIES:
            dictionary = fresh_dictionary(api, FACTS)
            wanted = {"policies": [{"relation": "e-mail", **policy}], "reason": "test"}
            assert api.put(f"/v1/dictionaries/{dictionary}/policies", json=wanted).status_code == 200
            api.put(f"/v1/dictionaries/{dictionary}/grants/{key}", json={"denied": ["e-mail"]})
            for dry_run in ("true", "false"):
                refused = upload(caller, dictionary, file, dry_run=dry_run)
                replies.add((refused.status_code, refused.text))
    assert [status for status, _ in replies] == [403]


def test_a_job_is_cancelled_by_whoever_may_order_one(service: Running, api: httpx.Client) -> None:
    """An ingest key stops its experiment, once and on the record, and no purge of an admin's."""
    dictionary = fresh_dictionary(api, FACTS)
    url = f"/v1/dictionaries/{dictionary}"
    with keyed(service, api, "ingest") as (caller, key):
        ordered = caller.post(f"{url}/experiments", json={"kind": "capacity", "seconds": 600}).json()["id"]
        assert caller.delete(f"/v1/jobs/{ordered}").status_code == 200
        assert wait(api, ordered)["state"] == "cancelled"
        assert caller.delete(f"/v1/jobs/{ordered}").status_code == 200
        purge = {"pairs": [{"subject": "P-1", "relation": "e-mail"}], "reason": "test"}
        ordered_purge = api.post(f"{url}/facts:purge", json=purge).json()["job"]
        assert caller.delete(f"/v1/jobs/{ordered_purge}").status_code == 403
        assert wait(api, ordered_purge)["state"] == "succeeded"
        assert caller.delete("/v1/jobs/job_nothing").status_code == 404
    entries = api.get("/v1/audit", params={"act": "cancel", "dictionary": dictionary}).json()["entries"]
    assert [(entry["by"], entry["details"]) for entry in entries] == [(key, {"job": ordered, "kind": "experiment"})]


def test_no_text_of_a_caller_travels_in_a_url(api: httpx.Client) -> None:
    """A URL may be logged on its way: reasons, labels, names of facts and answers are in bodies alone."""
    texts = {"reason", "label", "name", "relation", "answer", "question", "key"}
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        for operation in operations.values():
            named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
            assert not named & texts, path
