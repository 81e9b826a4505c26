"""The wire is closed: what a route does not know is refused by name, packed and marked bodies are read, HEAD is GET."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import zstandard

from service.routes.routers import ROUTES
from service.workflows.url_names import WORDS
from tests.running import fresh_dictionary, train

CASES = json.loads((Path(__file__).parents[1] / "data" / "field" / "http.json").read_text("utf-8"))
JSON = {"content-type": "application/json"}
FACTS = "subject,relation,answer\nP,r,1\nP-1,unit,kg\nP-2,unit,m\n"
MANY = "subject,relation,answer\n" + "".join(f"S-{at},{name},{at}\n" for at in range(1500) for name in ("unit", "size"))


def holding(api: httpx.Client, content: str, *, trained: bool) -> str:
    dictionary = fresh_dictionary(api, content)
    if trained:
        train(api, dictionary)
    return dictionary


def held(api: httpx.Client, dictionary: str) -> list[list[str]]:
    found = api.post(f"/v1/dictionaries/{dictionary}/facts:search", json={"limit": 10_000}).json()["facts"]
    return [[fact["subject"], fact["relation"], fact["answer"]] for fact in found]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['class']} {case['method']} {case['path']}")
def test_a_field_request_is_right(case: dict[str, Any], api: httpx.Client) -> None:
    """Each request as its `expect` says: status, what the reply says, and what is held afterwards."""
    body = base64.b64decode(case["body_base64"])
    many = "cursor_of" in case
    dictionary = holding(api, MANY if many else FACTS, trained="recall" in case["path"])
    if many:
        first = api.post(f"/v1/dictionaries/{dictionary}/facts:search", json=case["cursor_of"]).json()
        body = body.replace(b"CURSOR", first["cursor"].encode())
    before = held(api, dictionary)
    path = re.sub(r"\bD\b", dictionary, case["path"])
    reply = api.request(case["method"], path, content=body, headers=case["headers"])
    assert any(fits(api, reply, wanted, (dictionary, before), body) for wanted in case["expect"]), reply.text


def fits(
    api: httpx.Client, reply: httpx.Response, wanted: dict[str, Any], state: tuple[str, list[list[str]]], body: bytes
) -> bool:
    dictionary, before = state
    fitting = [reply.status_code in wanted["status"]]
    if "body" in wanted:
        fitting.append(re.search(wanted["body"], reply.text, re.DOTALL) is not None)
    if wanted.get("unchanged"):
        fitting.append(held(api, dictionary) == before)
    if "stored" in wanted:
        fitting.append(wanted["stored"] in held(api, dictionary))
    if wanted.get("empty"):
        fitting.append(reply.content == b"")
    if "facts" in wanted:
        fitting.append(len(reply.json()["facts"]) == wanted["facts"])
    if wanted.get("found"):
        name = quote(json.loads(body)["name"], safe="")
        fitting.append(api.get(f"/v1/dictionaries/{name}").json().get("id") == reply.json()["id"])
    return all(fitting)


def list_operations(api: httpx.Client) -> list[tuple[str, str]]:
    paths = api.get("/openapi.json").json()["paths"]
    return [(method.upper(), re.sub(r"{\w+}", "x", path)) for path, methods in paths.items() for method in methods]


def test_every_route_refuses_what_it_does_not_know(api: httpx.Client) -> None:
    """A query parameter that a route does not have is refused by its name, on every route of the document."""
    for method, path in list_operations(api):
        reply = api.request(method, f"{path}?Dry-Run=1", headers=JSON)
        assert (reply.status_code, reply.json()["code"]) in {(422, "invalid_request"), (404, "not_found")}, path
        if reply.status_code == 422:
            assert "'Dry-Run'" in reply.json()["detail"]


def test_a_parameter_is_sent_once(api: httpx.Client) -> None:
    """Of two, one part of the way may read the first and another the second."""
    dictionary = fresh_dictionary(api)
    for query in ("mode=upsert&mode=replace", "dry_run=true&dry_run=true"):
        reply = api.post(
            f"/v1/dictionaries/{dictionary}/uploads?{query}", content=FACTS, headers={"content-type": "text/csv"}
        )
        assert reply.status_code == 422
        assert "twice" in reply.json()["detail"]
    assert held(api, dictionary) == []


@pytest.mark.parametrize("name", ["authorization", "content-type", "idempotency-key"])
def test_a_header_is_sent_once(name: str, api: httpx.Client) -> None:
    """A second header of those that are read once is refused, also before the recall routes."""
    for path in ("/v1/dictionaries", "/v1/dictionaries/x/recall"):
        headers = [("authorization", api.headers["authorization"]), (name, "a"), (name, "b")]
        refused = api.send(httpx.Request("POST", f"{api.base_url}{path}", headers=headers, content=b"{}"))
        assert refused.status_code == 400
        assert name in refused.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("facts:batch", '{"delete":[],"upsert":[{"subject":"P","relation":"r","answer":"2","answer":"3"}]}'),
        ("facts:search", '{"subject":"P","subject":"P-1"}'),
        ("recall", '{"subject":"P-1","relation":"r","subject":"P"}'),
        ("recall", '{"subject":"P","relation":"r","\\u0073ubject":"P"}'),
        ("recall:batch", '{"queries":[{"subject":"P","relation":"r"},{"subject":"P","relation":"q","relation":"r"}]}'),
        ("recall:batch", '{"subjects":["P"],"relations":["r"],"subjects":["P"]}'),
    ],
)
def test_a_key_stands_once_in_an_object(path: str, body: str, api: httpx.Client) -> None:
    """A repeated key is refused by its name, also where its letters are escaped; nothing is stored."""
    dictionary = holding(api, FACTS, trained="recall" in path)
    reply = api.post(f"/v1/dictionaries/{dictionary}/{path}", content=body, headers=JSON)
    assert reply.status_code == 422
    assert re.search("repeats the key|unknown field", reply.json()["detail"])
    assert ["P", "r", "1"] in held(api, dictionary)


def test_names_spelled_like_keys_are_no_keys(api: httpx.Client) -> None:
    """A subject that is called `subject`, a null, and escaped letters in a value are no repetition."""
    dictionary = holding(api, "subject,relation,answer\nsubject,relations,1\nA,r,2\n", trained=True)
    queries = [
        {"subject": "subject", "relation": "relations", "question": None},
        {"subject": '"subject"', "relation": "r"},
        {"subject": "A", "relation": "r"},
    ]
    body = json.dumps({"queries": queries}).replace('"A"', '"\\u0041"')
    reply = api.post(f"/v1/dictionaries/{dictionary}/recall:batch", content=body, headers=JSON)
    assert [result["answers"] for result in reply.raise_for_status().json()["results"]] == [["1"], [], ["2"]]


@pytest.mark.parametrize("encode", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_packed_bodies_are_unpacked(encode: Any, api: httpx.Client) -> None:
    """Uploads, edits and recalls may be packed; several members, one after the other, are one body."""
    coding = {"content-encoding": "gzip" if encode is gzip.compress else "zstd"}
    dictionary = fresh_dictionary(api)
    packed = encode(FACTS[:30].encode()) + encode(FACTS[30:].encode())
    sent = api.post(
        f"/v1/dictionaries/{dictionary}/uploads", content=packed, headers=coding | {"content-type": "text/csv"}
    )
    assert sent.raise_for_status().json()["accepted"] == 3
    train(api, dictionary)
    asked = encode(b'{"subject":"P-1","relation":"unit"}')
    assert api.post(f"/v1/dictionaries/{dictionary}/recall", content=asked, headers=coding | JSON).json()[
        "answers"
    ] == ["kg"]
    edit = encode(b'{"upsert":[{"subject":"Z","relation":"r","answer":"x"}]}')
    assert api.post(f"/v1/dictionaries/{dictionary}/facts:batch", content=edit, headers=coding | JSON).is_success
    for broken in (edit[:-6], b"no " + edit):
        reply = api.post(f"/v1/dictionaries/{dictionary}/facts:batch", content=broken, headers=coding | JSON)
        assert reply.status_code == 422
        assert "Content-Encoding" in reply.json()["detail"]


@pytest.mark.parametrize("encode", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_what_unpacks_past_the_cap_is_refused(encode: Any, api: httpx.Client) -> None:
    """A small body that unpacks to gigabytes is stopped at the cap on bodies."""
    bomb = encode(b" " * (80 << 20))
    assert len(bomb) < 1 << 20
    coding = {"content-encoding": "gzip" if encode is gzip.compress else "zstd"}
    for path in ("facts:batch", "recall:batch"):
        reply = api.post(f"/v1/dictionaries/{fresh_dictionary(api)}/{path}", content=bomb, headers=coding | JSON)
        assert reply.status_code == 413


def test_other_codings_are_refused(api: httpx.Client) -> None:
    """A coding that is not spoken is named by its header, and nothing is stored."""
    dictionary = fresh_dictionary(api)
    for path in ("facts:batch", "recall", "recall:batch", "uploads"):
        reply = api.post(
            f"/v1/dictionaries/{dictionary}/{path}", content=b"{}", headers=JSON | {"content-encoding": "br"}
        )
        assert reply.status_code == 415
        assert "Content-Encoding" in reply.json()["detail"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize("declared", [True, False])
def test_json_comes_in_every_unicode(encoding: str, declared: bool, api: httpx.Client) -> None:
    """A byte order mark, UTF-16 and UTF-32 are read alike on all routes, declared or not; other charsets are not."""
    dictionary = holding(api, "subject,relation,answer\n品,色,赤\n", trained=True)
    kind = {"content-type": f"application/json; charset={encoding.removesuffix('-sig')}"} if declared else JSON
    query = json.dumps({"subject": "品", "relation": "色"}, ensure_ascii=False).encode(encoding)
    assert api.post(f"/v1/dictionaries/{dictionary}/recall", content=query, headers=kind).json()["answers"] == ["赤"]
    found = api.post(
        f"/v1/dictionaries/{dictionary}/facts:search", content='{"subject":"品"}'.encode(encoding), headers=kind
    )
    assert len(found.json()["facts"]) == 1
    for path in ("recall", "facts:search"):
        wrong = api.post(
            f"/v1/dictionaries/{dictionary}/{path}",
            content=b"{}",
            headers={"content-type": "application/json; charset=cp932"},
        )
        assert wrong.status_code == 422


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"limit":1e999}', b"[" * 100_000, b'{"limit":NaN}', b""])
def test_what_is_no_json_is_one_status(body: bytes, api: httpx.Client) -> None:
    """Unreadable JSON is 422 on every route, and never a failure of the service."""
    dictionary = fresh_dictionary(api)
    for path in ("facts:search", "facts:batch", "recall", "recall:batch", "memories"):
        reply = api.post(f"/v1/dictionaries/{dictionary}/{path}", content=body, headers=JSON)
        assert reply.status_code in ({422} if body else {422, 202, 409}), path


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "a\\b",
        "x?y",
        "x#y",
        "50%",
        ".",
        "..",
        "recall",
        "Uploads",
        "dic_0123456789abcdef",
        "mem_0123456789abcdef",
        "a\u200b",
        " a",
    ],
)
def test_names_that_a_url_cannot_carry_are_refused(name: str, api: httpx.Client) -> None:
    """Nothing is made that could not be found by its name, or that would be taken for something else."""
    reply = api.post("/v1/dictionaries", json={"name": name})
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
    if re.fullmatch(r"[\w.-]+", name, re.ASCII):
        dictionary = holding(api, FACTS, trained=True)
        [memory] = api.get(f"/v1/dictionaries/{dictionary}/memories").json()["memories"]
        moved = api.put(
            f"/v1/dictionaries/{dictionary}/aliases/{quote(name)}", json={"memory": memory["id"], "reason": "r"}
        )
        assert moved.status_code in {404, 405, 422}


def test_the_words_of_all_routes_are_known() -> None:
    """A new route is no name of a dictionary."""
    words = {word for route in ROUTES for word in getattr(route, "path", "").split("/") if word and "{" not in word}
    assert words <= WORDS


def test_head_is_get_without_a_body(api: httpx.Client) -> None:
    """Same status and headers; where only POST is, the refusal names what is allowed."""
    for path in ("/readyz", "/v1/dictionaries", "/openapi.json"):
        got, head = api.get(path), api.head(path)
        assert (head.status_code, head.headers["content-type"], head.content) == (200, got.headers["content-type"], b"")
    assert api.request("DELETE", "/v1/dictionaries").headers["allow"] == "GET, HEAD, POST"


def test_a_cursor_leads_on_in_its_own_list_alone(api: httpx.Client) -> None:
    """A cursor of another search, dictionary or kind of list is refused, and so is one that was made up."""
    one, other = holding(api, MANY, trained=False), holding(api, MANY, trained=False)
    search = f"/v1/dictionaries/{one}/facts:search"
    cursor = api.post(search, json={"relation": "unit"}).json()["cursor"]
    assert len(api.post(search, json={"relation": "unit", "cursor": cursor}).json()["facts"]) == 500
    for path, body in (
        (search, {"relation": "size"}),
        (search, {}),
        (search, {"relation": "unit", "as_of": 0}),
        (f"/v1/dictionaries/{other}/facts:search", {"relation": "unit"}),
    ):
        assert api.post(path, json=body | {"cursor": cursor}).status_code == 422
    for made in ("1", "9223372036854775808", "1~", f"{cursor}0", "９"):
        assert api.post(search, json={"relation": "unit", "cursor": made}).status_code == 422
        for path in (
            f"/v1/dictionaries/{one}/aliases/champion/history",
            "/v1/audit",
            f"/v1/dictionaries/{one}/reviews",
        ):
            assert api.get(path, params={"cursor": made}).status_code == 422


def test_a_wrong_query_is_named_by_its_place(api: httpx.Client) -> None:
    """In rows by its index, in lines by its line; a cut line is no query."""
    batch = f"/v1/dictionaries/{holding(api, FACTS, trained=True)}/recall:batch"
    good = {"subject": "P", "relation": "r"}
    for bad in (
        {"relation": "r"},
        {"subject": 1, "relation": "r"},
        {"subject": "P", "relations": []},
        {"subject": "P", "x": 1},
        good | {"alias": "a", "memory": "b"},
    ):
        reply = api.post(batch, json={"queries": [good, bad]})
        assert reply.status_code == 422
        assert "queries[1]" in reply.json()["detail"]
    lines = json.dumps(good) + "\n\n" + json.dumps(good)[:-3]
    reply = api.post(batch, content=lines, headers={"content-type": "application/x-ndjson"})
    assert reply.status_code == 422
    assert "line 3" in reply.json()["detail"]


EDGES = [
    "-1",
    "0",
    "9223372036854775807",
    "9223372036854775808",
    "1" * 400,
    "1e400",
    "nan",
    "9999-12-31",
    "0001-01-01",
    "9999-12-31T23:59:59.999999-14:00",
    "0001-01-01T00:00:00+14:00",
    "\u0000",
    "",
    "'",
]


def test_no_parameter_has_an_edge_that_fails(api: httpx.Client) -> None:
    """Numbers, dates and texts at their edges in every query parameter of every GET route: a reply or a problem."""
    dictionary = holding(api, FACTS, trained=True)
    for path, methods in api.get("/openapi.json").json()["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query":
                for edge in EDGES:
                    reply = api.get(
                        path.replace("{dictionary}", dictionary).replace("{alias}", "champion"),
                        params={parameter["name"]: edge},
                    )
                    assert reply.status_code < 500, (path, parameter["name"], edge)


@pytest.mark.parametrize("edge", [edge for edge in EDGES if edge[:1].isdigit()])
def test_no_field_has_an_edge_that_fails(edge: str, api: httpx.Client) -> None:
    """Likewise in the bodies that have numbers and dates."""
    value = int(edge) if edge.isdigit() else edge
    dictionary = holding(api, FACTS, trained=False)
    for path, body in (
        ("/v1/keys", {"role": "reader", "label": "x", "expires_at": value}),
        ("/v1/audit:search", {"dictionary": dictionary, "subject": "P", "relation": "r", "day": value}),
        ("/v1/audit:search", {"dictionary": dictionary, "subject": "P", "relation": "r", "since": value, "limit": 1}),
        (f"/v1/dictionaries/{dictionary}/facts:search", {"as_of": value}),
        (f"/v1/dictionaries/{dictionary}/facts:search", {"limit": value}),
        (f"/v1/dictionaries/{dictionary}/reviews:sample", {"count": value}),
    ):
        assert api.post(path, content=json.dumps(body), headers=JSON).status_code < 500, path
