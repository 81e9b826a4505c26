"""Grants over HTTP: a key that may see some relations, asking a dictionary that has others and one that has not."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from service.routes.routers import ROUTES
from tests.running import Running, fresh_dictionary, train, upload

SEEN = [("P-1", "lead time", "4 days"), ("P-2", "lead time", "9 days"), ("p-2", "Lead Time", "2 days")]
DENIED = [("P-1", "customer e-mail", "a@b.example"), ("P-3", "customer e-mail", "c@d.example"), ("p-1", "E-Mail", "x")]
GRANT = {"role": "ingest", "relations": ["lead time", "Lead Time"]}


def csv_of(facts: list[tuple[str, str, str]]) -> str:
    return "".join(f"{','.join(row)}\n" for row in [("subject", "relation", "answer"), *facts])


@dataclass(frozen=True)
class Twins:
    """Two dictionaries, one of which holds the denied facts too, between the others, and a key's client."""

    ids: tuple[str, str]
    client: httpx.Client

    def said(self, dictionary: str, reply: httpx.Response) -> tuple[int, str]:
        """A reply without what differs between any two dictionaries: ids, names, times, margins of what is answered."""
        text = reply.text.replace(dictionary, "DIC")
        text = re.sub(r"\b(mem|upl|job|rev)_\w+", r"\1", text)
        text = re.sub(r"~[0-9a-f]{16}", "~SEAL", text)  # of a cursor, made from the dictionary's id
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
        text = re.sub(
            r'"(margin|name|sha256|bytes|digest)":\s*("[^"]+"|[1-9]\d*(\.\d+)?|0\.\d*[1-9]\d*)', r'"\1"', text
        )
        return reply.status_code, re.sub(
            r'"margins":\[[^]]*\]', lambda found: re.sub(r"0\.\d*[1-9]\d*|[1-9][\d.]*", "M", found[0]), text
        )

    def agree(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask both; their replies must say the same. `path` follows the dictionary's own."""
        one, other = (self.client.request(method, f"/v1/dictionaries/{each}{path}", **request) for each in self.ids)
        assert self.said(self.ids[0], one) == self.said(self.ids[1], other), (method, path, request)
        return one


@pytest.fixture(scope="module")
def twins(service: Running, api: httpx.Client) -> Iterator[Twins]:
    between = [SEEN[0], DENIED[0], DENIED[1], SEEN[1], DENIED[2], SEEN[2]]
    ids = fresh_dictionary(api, csv_of(between)), fresh_dictionary(api, csv_of(SEEN))
    made = api.post("/v1/keys", json={"role": "query", "scoped": True}).json()
    for each in ids:
        assert train(api, each)["state"] == "succeeded"
        granted = api.put(f"/v1/dictionaries/{each}/grants/{made['info']['id']}", json=GRANT | {"role": "admin"})
        assert granted.status_code == 200, granted.text
    with service.client(made["key"]) as client:
        yield Twins(ids, client)


QUERIES: list[dict[str, Any]] = [
    {"subject": "P-1", "relation": "lead time"},
    {"subject": "P-1", "relation": "customer e-mail"},
    {"subject": "P-1", "relation": "Customer E-Mail"},
    {"subject": "P-1", "relation": "nothing"},
    {"subject": "p-1", "relation": "lead time"},
    {"subject": "P-2", "relation": "LEAD TIME"},
    {"subject": "P-3", "relation": "lead time"},
    {"subject": "P-1"},
    {"subject": "P-3"},
    {"subject": "p-1"},
    {"question": "lead time of P-1"},
    {"question": "customer e-mail of P-1 and lead time"},
    {"question": "P-3 customer e-mail"},
    {"subject": "P-1", "relations": ["lead time", "customer e-mail"]},
    {"subject": "P-1", "relations": ["customer e-mail"]},
]


def test_recall_does_not_tell_a_denied_relation_from_an_absent_one(twins: Twins) -> None:
    """Every form of query, alone, compared, in rows, lines and columns."""
    for query in QUERIES:
        twins.agree("POST", "/recall", json=query)
        twins.agree("POST", "/recall", json=query | {"compare": True})
    answered = twins.agree("POST", "/recall:batch", json={"queries": QUERIES, "compare": True}).json()["results"]
    assert [result["status"] == "answered" for result in answered].count(True) == 6
    pairs = [query for query in QUERIES if "relation" in query]
    columns = {f"{field}s": [query[field] for query in pairs] for field in ("subject", "relation")}
    twins.agree("POST", "/recall:batch", json=columns)
    lines = "\n".join(json.dumps(query) for query in QUERIES)
    twins.agree("POST", "/recall:batch", content=lines, headers={"content-type": "application/x-ndjson"})


def test_the_ledger_does_not_either(twins: Twins) -> None:
    """Search, export and sizes show the granted relations alone, and no line whose gaps would count the others."""
    for wanted in ({}, {"subject": "P-1"}, {"relation": "customer e-mail"}, {"subject": "P-3"}, {"limit": 1}):
        twins.agree("POST", "/facts:search", json=wanted)
    export = twins.agree("GET", "/export")
    assert sorted(export.text.split()[1:]) == sorted(csv_of(SEEN).split()[1:])
    figures = twins.agree("GET", "").json()
    assert (figures["pairs"], figures["facts"]) == (3, 3)
    listed = {each["id"]: each["facts"] for each in twins.client.get("/v1/dictionaries").json()["dictionaries"]}
    assert listed == dict.fromkeys(twins.ids, 3)


def test_what_is_written_must_be_seen(twins: Twins) -> None:
    """A file or batch that names a denied relation is 403, be the pair there or not; so is replacing the unseen."""
    files = [
        [("P-1", "customer e-mail", "new")],
        [("P-9", "customer e-mail", "new")],
        [*SEEN, ("P-1", "colour", "red")],
    ]
    as_csv = {"headers": {"content-type": "text/csv"}}
    for dry_run in ("true", "false"):
        for facts in files:
            reply = twins.agree(
                "POST", "/uploads", params={"dry_run": dry_run}, content=csv_of(facts).encode(), **as_csv
            )
            assert reply.json()["code"] == "forbidden"
        replaced = twins.agree(
            "POST", "/uploads", params={"dry_run": dry_run, "mode": "replace"}, content=csv_of(SEEN).encode(), **as_csv
        )
        assert replaced.status_code == 403
    seen = twins.agree("POST", "/uploads", params={"dry_run": "true"}, content=csv_of(SEEN).encode(), **as_csv)
    assert (seen.json()["created"], seen.json()["unchanged"]) == (0, 3)
    fact = {"subject": "P-1", "relation": "customer e-mail", "answer": "new"}
    for batch in ({"upsert": [fact]}, {"delete": [{"subject": "P-1", "relation": "customer e-mail"}]}):
        assert twins.agree("POST", "/facts:batch", json=batch).status_code == 403


def test_no_other_route_tells_them_apart(twins: Twins) -> None:
    """Every route about a dictionary, walked without a body: what does not keep to relations is closed."""
    closed = 0
    for route in ROUTES:
        if isinstance(route, APIRoute) and route.path.startswith("/v1/dictionaries/{dictionary}/"):
            rest = re.sub(r"{[^}]*}", "none", route.path.removeprefix("/v1/dictionaries/{dictionary}"))
            for method in sorted(route.methods or ()):
                closed += twins.agree(method, rest).status_code == 403
    assert closed > 20


def test_memories_and_jobs_are_closed_to_who_sees_a_part(twins: Twins, api: httpx.Client) -> None:
    """Their figures count every relation: 403, the same for both dictionaries."""
    for each in twins.ids:
        memory = api.get(f"/v1/dictionaries/{each}").json()["champion"]
        job = api.get(f"/v1/dictionaries/{each}/jobs").json()["jobs"][0]["id"]
        assert twins.client.get(f"/v1/memories/{memory}").status_code == 403
        assert twins.client.get(f"/v1/jobs/{job}").status_code == 403


def test_a_grant_is_put_found_listed_and_taken_back(service: Running, api: httpx.Client) -> None:
    """A key gets what it is granted, from the next request on, and nothing more once that is taken back."""
    path = f"/v1/dictionaries/{fresh_dictionary(api, csv_of(SEEN + DENIED))}"
    made = api.post("/v1/keys", json={"role": "audit"}).json()
    mine = f"{path}/grants/{made['info']['id']}"
    with service.client(made["key"]) as caller:
        assert caller.get(f"{path}/memories").status_code == 200
        granted = api.put(mine, json={"denied": ["Customer E-mail"]}).json()
        assert (granted["denied"], granted["relations"], granted["role"]) == (["Customer E-mail"], None, None)
        assert api.get(mine).json() == granted
        assert api.get(f"{path}/grants").json() == {"grants": [granted]}
        assert {row.split(",")[1] for row in caller.get(f"{path}/export").text.split("\r\n")[1:-1]} == {
            "lead time", "Lead Time", "E-Mail",
        }  # fmt: skip
        assert caller.get("/v1/dictionaries").json()["dictionaries"][0]["facts"] == 4
        assert api.put(mine, json={"role": "query"}).json()["relations"] is None
        assert caller.get(f"{path}/export").status_code == 403
        assert caller.get(f"{path}/memories").status_code == 200
        assert api.delete(mine).status_code == 204
        assert caller.get(path).status_code == 404
        assert caller.get("/v1/dictionaries").json()["dictionaries"] == []
    assert api.get(mine).status_code == api.delete(mine).status_code == 404


def test_a_grant_gives_no_power_over_keys(service: Running, api: httpx.Client) -> None:
    """A scoped key, even with the role admin, makes no key, no grant and no dictionary, and reads no metrics."""
    path = f"/v1/dictionaries/{fresh_dictionary(api)}"
    made = api.post("/v1/keys", json={"role": "admin", "scoped": True}).json()
    assert api.put(f"{path}/grants/{made['info']['id']}", json={"role": "admin"}).status_code == 200
    with service.client(made["key"]) as caller:
        assert caller.get(path).status_code == 200
        assert caller.put(f"{path}/grants/{made['info']['id']}", json={}).status_code == 403
        assert caller.get(f"{path}/grants").status_code == 403
        assert caller.post("/v1/keys", json={"role": "admin"}).status_code == 403
        assert caller.post("/v1/dictionaries", json={"name": "mine"}).status_code == 403
        assert caller.get("/metrics").status_code == 403
        assert caller.delete(path).status_code == 204


def test_a_grant_names_allowed_or_denied_relations(api: httpx.Client) -> None:
    """Both lists at once are 422, an unknown key 404; the bootstrap key cannot be narrowed."""
    path = f"/v1/dictionaries/{fresh_dictionary(api)}/grants"
    made = api.post("/v1/keys", json={"role": "query"}).json()["info"]["id"]
    assert api.put(f"{path}/{made}", json={"relations": ["a"], "denied": ["b"]}).status_code == 422
    assert api.put(f"{path}/nobody", json={}).status_code == 404
    assert api.put(f"{path}/bootstrap", json={}).status_code == 404


def test_a_dictionary_takes_its_grants_along(service: Running, api: httpx.Client) -> None:
    """When it is deleted a key that reached only it reaches nothing, instead of everything."""
    path = f"/v1/dictionaries/{fresh_dictionary(api)}"
    made = api.post("/v1/keys", json={"role": "query"}).json()
    api.put(f"{path}/grants/{made['info']['id']}", json={})
    assert api.delete(path).status_code == 204
    with service.client(made["key"]) as caller:
        assert caller.get("/v1/dictionaries").json()["dictionaries"] == []


def test_a_partial_writer_edits_what_it_sees(service: Running, api: httpx.Client) -> None:
    """Uploads and batches of granted relations are stored, and leave the others as they are."""
    dictionary = fresh_dictionary(api, csv_of(SEEN + DENIED))
    made = api.post("/v1/keys", json={"role": "ingest", "scoped": True}).json()
    api.put(f"/v1/dictionaries/{dictionary}/grants/{made['info']['id']}", json=GRANT)
    with service.client(made["key"]) as caller:
        receipt = upload(
            caller, dictionary, csv_of([("P-1", "lead time", "5 days"), ("P-7", "lead time", "1 day")])
        ).json()
        assert (receipt["created"], receipt["updated"]) == (1, 1)
        batch = {"delete": [{"subject": "P-7", "relation": "lead time"}]}
        assert (
            caller.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=batch).json()["results"][0]["status"]
            == "deleted"
        )
    held = api.get(f"/v1/dictionaries/{dictionary}/export").text
    assert all(",".join(fact) in held for fact in DENIED)
