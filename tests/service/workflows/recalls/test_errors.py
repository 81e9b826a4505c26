"""Every way a recall can be refused: the status, the code, and what is checked before what."""

import socket
from urllib.parse import quote

import httpx
import pytest

from service.routes import recall as route
from service.workflows.recalls import queries
from tests.running import PATIENCE
from tests.service.workflows.recalls.conftest import PARTS
from tests.service.workflows.recalls.shelf import KEY, OTHER_KEY, Shelf

PAIR = {"subject": "PART-1", "relation": "maker"}


def refused(reply: httpx.Response, status: int, code: str) -> str:
    """The detail of a problem that has this status and code and the problem's media type."""
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json"), reply.text
    problem = reply.json()
    assert (problem["status"], problem["code"]) == (status, code)
    detail: str = problem["detail"]
    return detail


@pytest.mark.parametrize("key", [None, "", "Bearer wrong", "Basic abc", KEY.decode().lower()])
@pytest.mark.parametrize("path", ["dic_1/recall", "nobody/recall", "nobody/recall:batch", "%FF/recall"])
def test_without_a_key_nothing_is_learnt(port: int, key: str | None, path: str) -> None:
    """401 comes before 404, 413 and 422: whatever else is wrong, a caller without a key is told only that."""
    headers = {} if key is None else {"authorization": key}
    url = f"http://127.0.0.1:{port}/v1/dictionaries/{path}"
    reply = httpx.post(url, headers=headers, content=b"x" * (route.MAX_QUERY_BYTES + 1))
    refused(reply, 401, "unauthorized")
    assert reply.headers["www-authenticate"] == "Bearer"


def test_a_role_that_may_not_recall_is_forbidden(http: httpx.Client) -> None:
    """A valid key of another role is refused before its body is looked at."""
    refused(http.post("/recall", content=b"{", headers={"authorization": OTHER_KEY.decode()}), 403, "forbidden")


@pytest.mark.parametrize("name", ["nobody", "PARTS 1/2", "dic_1/", "%FF"])
def test_an_absent_dictionary_is_not_found(http: httpx.Client, name: str) -> None:
    """An id or exact name that does not exist is 404, also when it is not even text."""
    address = name if name == "%FF" else quote(name, safe="")
    refused(
        http.post(f"{http.base_url.copy_with(raw_path=b'/v1/dictionaries')}/{address}/recall", json=PAIR),
        404,
        "not_found",
    )


def test_a_dictionary_is_found_by_its_exact_name(http: httpx.Client) -> None:
    """The name works in place of the id, percent-encoded where it must be, a slash included."""
    root = http.base_url.copy_with(raw_path=b"/v1/dictionaries")
    assert http.post(f"{root}/{quote('parts 1/2', safe='')}/recall", json=PAIR).json()["answers"] == ["Akita"]


def test_a_dictionary_without_a_champion_has_no_memory(http: httpx.Client) -> None:
    """Neither alias nor memory named, nothing trained: 409 no_memory, alone and in a batch; an empty batch too."""
    root = http.base_url.copy_with(raw_path=b"/v1/dictionaries")
    refused(http.post(f"{root}/dic_2/recall", json=PAIR), 409, "no_memory")
    refused(http.post(f"{root}/empty/recall:batch", json={"queries": [PAIR]}), 409, "no_memory")
    refused(http.post(f"{root}/empty/recall:batch", json={"subjects": [], "relations": []}), 409, "no_memory")


def test_an_alias_or_a_memory_names_who_answers(http: httpx.Client, shelf: Shelf) -> None:
    """The alias or memory of a query, else of its batch, else the champion, answers it and is named in the result."""
    shelf.put("mem_2", [("PART-1", "maker", "Beppu")], alias="next")
    assert http.post("/recall", json=PAIR | {"alias": "next"}).json()["memory"] == "mem_2"
    assert http.post("/recall", json=PAIR | {"memory": "mem_2"}).json()["answers"] == ["Beppu"]
    rows = [PAIR, PAIR | {"alias": "champion"}, PAIR | {"memory": "mem_2"}, PAIR]
    results = http.post("/recall:batch", json={"alias": "next", "queries": rows}).json()["results"]
    assert [result["memory"] for result in results] == ["mem_2", "mem_1", "mem_2", "mem_2"]
    columns = {"subjects": ["PART-1"], "relations": ["maker"], "memory": "mem_2"}
    assert http.post("/recall:batch", json=columns).json()["memory"] == "mem_2"


def test_alias_and_memory_together_are_refused(http: httpx.Client) -> None:
    """Naming both is 422 alias_and_memory: in a query, in a row and for a whole batch."""
    both = {"alias": "champion", "memory": "mem_1"}
    refused(http.post("/recall", json=PAIR | both), 422, "alias_and_memory")
    refused(http.post("/recall:batch", json={"queries": [PAIR, PAIR | both]}), 422, "alias_and_memory")
    refused(http.post("/recall:batch", json={"queries": [PAIR]} | both), 422, "alias_and_memory")


def test_an_alias_or_memory_of_nobody_or_of_another_dictionary_is_not_found(http: httpx.Client, shelf: Shelf) -> None:
    """A memory must belong to the dictionary that is asked; one that does not looks like one that is not there."""
    shelf.put("mem_other", PARTS, dictionary="dic_2", alias="theirs")
    absent = refused(http.post("/recall", json=PAIR | {"memory": "mem_nobody"}), 404, "not_found")
    assert refused(http.post("/recall", json=PAIR | {"memory": "mem_other"}), 404, "not_found") == absent
    refused(http.post("/recall", json=PAIR | {"alias": "theirs"}), 404, "not_found")
    refused(http.post("/recall:batch", json={"queries": [PAIR, PAIR | {"memory": "mem_other"}]}), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"subject":1}', "$.subject"),
        (b'{"subject":"a","relation":"b","typo":1}', "`typo`"),
        (b'{"subject":"\xff"}', "UTF-8"),
        (b'{"subject":"\\ud800","relation":"b"}', ""),
        ("{}".encode("utf-16"), "a query is"),
        (b"[" * 100_000, ""),
        (b"{}", "a query is"),
        (b'{"relation":"b"}', "a query is"),
        (b'{"subject":"a","relation":"b","question":"c"}', "a query is"),
        (b'{"subject":"a","relation":"b","relations":["c"]}', "a query is"),
        (b'{"subject":"a","relations":[]}', "relations"),
        (b'{"question":"' + b"a" * (queries.MAX_QUESTION + 1) + b'"}', str(queries.MAX_QUESTION)),
    ],
)
def test_a_malformed_query_is_refused_with_what_is_wrong(http: httpx.Client, body: bytes, detail: str) -> None:
    """Not JSON, not text, an unknown field, a wrong type or no form of query: 422 and a detail that says which."""
    assert detail in refused(http.post("/recall", content=body), 422, "invalid_request")


@pytest.mark.parametrize(
    ("batch", "detail"),
    [
        ({}, "either queries, or subjects and relations"),
        ({"queries": [], "subjects": []}, "either"),
        ({"subjects": []}, "either"),
        ({"subjects": ["a"], "relations": []}, "subjects has 1"),
        ({"subjects": ["a"], "relations": ["b"], "compare": True}, "compare needs rows"),
        ({"queries": [PAIR, {"subject": 3}]}, "$.queries[1].subject"),
        ({"queries": [PAIR, {}]}, "queries[1]: a query is"),
    ],
)
def test_a_malformed_batch_is_refused_whole(http: httpx.Client, batch: dict[str, object], detail: str) -> None:
    """One wrong row or column refuses the batch; the detail says where."""
    assert detail in refused(http.post("/recall:batch", json=batch), 422, "invalid_request")


def test_a_batch_may_be_so_much_work(http: httpx.Client) -> None:
    """A question counts as its characters: thousands of long ones are refused before any is looked into, the same
    number of short ones is not.
    """
    many = queries.MAX_WORK // queries.MAX_QUESTION + 1
    reply = http.post("/recall:batch", json={"queries": [{"question": "a" * queries.MAX_QUESTION}] * many})
    assert f"{queries.MAX_WORK:,} is the most" in refused(reply, 413, "too_large")
    reply = http.post("/recall:batch", json={"queries": [{"question": "a"}] * many})
    assert [result["status"] for result in reply.json()["results"]] == ["unknown"] * many


@pytest.mark.parametrize("media", ["text/csv", "multipart/form-data", "application/x-ndjson"])
def test_a_query_of_another_media_type_is_refused(http: httpx.Client, media: str) -> None:
    """One query is JSON; another media type is 415, as is any that a batch does not know."""
    refused(http.post("/recall", json=PAIR, headers={"content-type": media}), 415, "unsupported_media_type")
    if media != "application/x-ndjson":
        refused(http.post("/recall:batch", json={}, headers={"content-type": media}), 415, "unsupported_media_type")


def test_a_body_beyond_the_cap_is_refused_announced_or_not(http: httpx.Client) -> None:
    """413 whether the length is announced (then unread) or found out while it streams in."""
    body = b"x" * (route.MAX_QUERY_BYTES + 1)
    refused(http.post("/recall", content=body), 413, "too_large")
    refused(http.post("/recall", content=iter([body[:1000], body[1000:]])), 413, "too_large")


def test_a_length_beyond_the_cap_is_refused_without_the_body(port: int) -> None:
    """A caller that announces too much is answered before it sends anything."""
    head = b"POST /v1/dictionaries/dic_1/recall:batch HTTP/1.1\r\nhost: a\r\nauthorization: " + KEY
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as caller:
        caller.sendall(head + b"\r\ncontent-length: 99999999999\r\n\r\n")
        assert caller.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_batch_that_becomes_too_many_pairs_is_refused(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings multiply by the relations; beyond the bound the batch is 413 and says how many pairs it needed."""
    monkeypatch.setattr(queries, "MAX_PAIRS", 10)
    batch = {"queries": [{"subject": "PART-1"}] * 3}
    assert "12 pairs" in refused(http.post("/recall:batch", json=batch), 413, "too_large")


def test_an_error_of_the_memory_is_a_problem_without_names(
    http: httpx.Client, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever breaks inside is 500 internal to everyone who waited; neither reply nor log repeats its message."""

    def broken(*_: object) -> None:
        raise KeyError("PART-1")

    monkeypatch.setattr(shelf.tables["mem_1"], "recall", broken)
    assert "PART-1" not in refused(http.post("/recall", json=PAIR), 500, "internal")
    assert "PART-1" not in refused(http.post("/recall:batch", json={"queries": [PAIR]}), 500, "internal")
    assert "PART-1" not in "".join(capfd.readouterr())
