"""The promises of the API that depend on several parts, checked as a caller would."""

import unicodedata
from typing import Any

import httpx
import pytest

from tests.running import Running, fresh_dictionary, train, upload

HEAD = "subject,relation,answer\n"
COUNTED = f"{HEAD}a,r,1\na,r,1\n\na,r,2\nb,r,1\nb,r,1\nsubject,relation,answer\n,r,1\nc,r,5\n"
RESULT = {"status", "answers", "subject", "relation", "margin", "memory", "candidates", "ledger"}


def ledger(api: httpx.Client, dictionary: str) -> set[tuple[str, str]]:
    """Return (subject, answer) of every current fact."""
    found = api.post(f"/v1/dictionaries/{dictionary}/facts:search", json={}).json()["facts"]
    return {(fact["subject"], fact["answer"]) for fact in found}


def recall(api: httpx.Client, dictionary: str, **query: Any) -> dict[str, Any]:
    reply = api.post(f"/v1/dictionaries/{dictionary}/recall", json=query)
    assert reply.status_code == 200, reply.text
    result: dict[str, Any] = reply.json()
    assert set(result) == RESULT
    return result


@pytest.fixture(scope="module")
def trained(api: httpx.Client) -> str:
    """A dictionary whose names differ in case, width, normal form and dashes, with a champion."""
    facts = (
        f"{HEAD}PART-0042,standard pack quantity,24\nPART-0042,maker,秋田\n秋田,city,秋田市\nÆ,k,1\næ,k,2\n"
        "ＡＢＣ,k,3\nabc,k,4\nが,k,5\nか\u3099,k,6\nx−1,k,7\nNumber 7,K,8\nmany,k,9\nmany,k,10\n"
    )
    dictionary = fresh_dictionary(api, facts, on_conflict="many")
    assert train(api, dictionary)["state"] == "succeeded"
    return dictionary


@pytest.mark.parametrize(
    ("on_conflict", "counts", "held"),
    [
        ("refuse", (2, 2, 2, 2), {("b", "1"), ("c", "5")}),
        ("first", (3, 2, 1, 2), {("a", "1"), ("b", "1"), ("c", "5")}),
        ("last", (3, 2, 1, 2), {("a", "2"), ("b", "1"), ("c", "5")}),
        ("many", (4, 2, 0, 2), {("a", "1"), ("a", "2"), ("b", "1"), ("c", "5")}),
    ],
)
def test_an_upload_is_counted(
    api: httpx.Client, on_conflict: str, counts: tuple[int, ...], held: set[tuple[str, str]]
) -> None:
    """Accepted, duplicate, conflicting and rejected add up to the rows read, and a dry run says the same first."""
    dictionary = fresh_dictionary(api)
    dry = upload(api, dictionary, COUNTED, on_conflict=on_conflict, dry_run="true").json()
    assert ledger(api, dictionary) == set()
    receipt = upload(api, dictionary, COUNTED, on_conflict=on_conflict).json()
    assert tuple(receipt[name] for name in ("accepted", "duplicate", "conflicting", "rejected")) == counts
    assert (receipt["rows_read"], receipt["blank_lines"], receipt["created"]) == (8, 1, len(dict(held)))
    same = receipt.keys() - {"id", "created_at", "dry_run"}
    assert {name: dry[name] for name in same} == {name: receipt[name] for name in same}
    assert ledger(api, dictionary) == held
    again = upload(api, dictionary, COUNTED, on_conflict=on_conflict).json()
    assert (again["unchanged"], again["updated"], again["created"]) == (len(dict(held)), 0, 0)


def test_refused_conflicts_leave_what_is_stored(api: httpx.Client) -> None:
    """`refuse` keeps the stored fact; `replace` refuses to guess, and a partial one spares every pair mentioned."""
    dictionary = fresh_dictionary(api, f"{HEAD}a,r,0\nb,r,0\nc,r,0\n")
    body = f"{HEAD}a,r,1\na,r,2\nz,r,1\nb,r\n"
    assert upload(api, dictionary, body).json()["conflicting"] == 2
    assert ("a", "0") in ledger(api, dictionary)
    incomplete = upload(api, dictionary, body, mode="replace")
    assert (incomplete.status_code, incomplete.json()["code"]) == (409, "replace_incomplete")
    partial = upload(api, dictionary, body, mode="replace", allow_partial="true").json()
    assert (partial["deleted"], partial["unchanged"]) == (1, 1)
    assert ledger(api, dictionary) == {("a", "0"), ("b", "0"), ("z", "1")}


@pytest.mark.parametrize(
    ("body", "options", "read_as"),
    [
        ("subject\trelation\tanswer\na\tr\t1\n", {"delimiter": "tab"}, ("\t", "utf-8")),
        ("subject\trelation\tanswer\na\tr\t1\n", {"delimiter": "\\t"}, ("\t", "utf-8")),
        ("subject;relation;answer\na;r;1\n", {"delimiter": ";"}, (";", "utf-8")),
        ("subject:relation:answer\na:r:1\n", {"delimiter": ":"}, (":", "utf-8")),
        ("a,r,1\n", {"header": "none"}, (",", "utf-8")),
        ("W,V,P\nr,1,a\n", {"header": "P,W,V"}, (",", "utf-8")),
        ("主語,関係,答え\na,r,1\n", {"encoding": "cp932"}, (",", "cp932")),
        ("主語,関係,答え\na,r,1\n", {"encoding": "iso-2022-jp"}, (",", "iso2022_jp")),
    ],
)
def test_what_is_declared_wins(api: httpx.Client, body: str, options: dict[str, str], read_as: tuple[str, str]) -> None:
    """Delimiter, header and encoding as declared; the receipt shows them."""
    dictionary = fresh_dictionary(api)
    content = body.encode(options.get("encoding", "utf-8"))
    receipt = api.post(f"/v1/dictionaries/{dictionary}/uploads", params=options, content=content).json()
    assert (receipt["delimiter"], receipt["encoding"], receipt["accepted"]) == (*read_as, 1)
    assert ledger(api, dictionary) == {("a", "1")}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"recipe":null}', b'{"recipe":{},"publish":"champion"}'])
def test_a_training_needs_no_body(api: httpx.Client, body: bytes) -> None:
    """Without a body, without a recipe or with an empty one, `fast` is trained and published as champion."""
    dictionary = fresh_dictionary(api, f"{HEAD}a,r,1\n")
    headers = {"content-type": "application/json"} if body else {}
    queued = api.post(f"/v1/dictionaries/{dictionary}/memories", content=body, headers=headers)
    assert queued.status_code == 202
    assert queued.headers["location"] == f"/v1/jobs/{queued.json()['id']}"
    job = train(api, dictionary)
    assert (job["state"], job["progress"], job["problem"]) == ("succeeded", 1.0, None)
    memory = api.get(f"/v1/memories/{job['memory']}").json()
    assert (memory["aliases"], memory["facts"], memory["recipe"]["profile"]) == (["champion"], 1, "fast")


def test_an_alias_says_its_version_wherever_it_is_read(api: httpx.Client, trained: str) -> None:
    """GET, PUT and history carry the ETag that If-Match takes; a stale one is 412, none at all moves the alias."""
    base = f"/v1/dictionaries/{trained}/aliases/pinned"
    memory = api.get(f"/v1/dictionaries/{trained}").json()["champion"]
    wanted = {"memory": memory, "reason": "kept"}
    assert api.put(base, json=wanted, headers={"If-Match": "*"}).status_code == 412
    first = api.put(base, json=wanted)
    etags = {reply.headers["etag"] for reply in (first, api.get(base), api.get(f"{base}/history"))}
    assert etags == {'"1"'}
    for if_match, status in (('"1"', 200), ('"1"', 412), ("2", 200), ("*", 200), ('"7", "4"', 200)):
        assert api.put(base, json=wanted, headers={"If-Match": if_match}).status_code == status
    assert [event["version"] for event in api.get(f"{base}/history").json()["events"]] == [5, 4, 3, 2, 1]


def test_every_spelling_has_its_own_answer(api: httpx.Client, trained: str) -> None:
    """Names that differ in case, width or normal form alone keep their answers."""
    taught = {"Æ": "1", "æ": "2", "ＡＢＣ": "3", "abc": "4", "が": "5", "か\u3099": "6", "x−1": "7"}
    for subject, answer in taught.items():
        assert recall(api, trained, subject=subject, relation="k")["answers"] == [answer]
    assert recall(api, trained, subject="many", relation="k")["answers"] == ["10", "9"]


@pytest.mark.parametrize(
    ("subject", "relation", "status"),
    [
        ("part-0042", "MAKER", "answered"),
        (" ＰＡＲＴ‐００４２\u3000", "maker", "answered"),
        ("X-1", "k", "answered"),
        ("number\u30007", "K", "answered"),
        ("Number 7", "Ｋ", "ambiguous"),
        (unicodedata.normalize("NFD", "秋田"), "city", "answered"),
        ("Abc", "k", "ambiguous"),
        ("PART-0043", "maker", "unknown"),
        ("PART-0042", "weight", "unknown"),
        ("maker", "PART-0042", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_another_spelling_leads_to_one_name_or_none(
    api: httpx.Client, trained: str, subject: str, relation: str, status: str
) -> None:
    """The second look-up is used only where it leads to exactly one taught name; an answer always has a margin."""
    result = recall(api, trained, subject=subject, relation=relation)
    assert result["status"] == status
    assert (result["subject"], result["relation"]) == (subject, relation)
    assert bool(result["answers"]) == (result["margin"] > 0) == (status == "answered")


def test_the_four_forms_of_a_query(api: httpx.Client, trained: str) -> None:
    """A pair, a sentence, a chain and a listing are answered; any other form, or two memories at once, is refused."""
    pair = recall(api, trained, subject="PART-0042", relation="maker", compare=True)
    assert (pair["answers"], pair["ledger"]["agrees"], pair["ledger"]["line"]) == (["秋田"], True, 3)
    assert recall(api, trained, question="PART-0042のmakerは？")["answers"] == ["秋田"]
    assert recall(api, trained, question="standard pack quantity and maker of PART-0042")["status"] == "ambiguous"
    assert recall(api, trained, question="what is the weather?")["status"] == "unknown"
    assert recall(api, trained, subject="PART-0042", relations=["maker", "city"])["answers"] == ["秋田市"]
    listed = recall(api, trained, subject="PART-0042")["candidates"]
    assert [(each["relation"], each["answers"]) for each in listed] == [
        ("maker", ["秋田"]),
        ("standard pack quantity", ["24"]),
    ]
    url = f"/v1/dictionaries/{trained}/recall"
    for query in ({}, {"relation": "k"}, {"subject": "a", "question": "b"}, {"subject": "a", "relation": "k", "x": 1}):
        assert api.post(url, json=query).json()["code"] == "invalid_request"
    both = api.post(url, json={"subject": "a", "relation": "k", "alias": "champion", "memory": pair["memory"]})
    assert (both.status_code, both.json()["code"]) == (422, "alias_and_memory")


def test_rows_columns_and_lines_say_the_same(api: httpx.Client, trained: str) -> None:
    """The three forms of a batch hold the same answers in the order asked."""
    url, pairs = f"/v1/dictionaries/{trained}/recall:batch", [("æ", "k"), ("many", "k"), ("Abc", "k"), ("none", "k")]
    queries = [{"subject": subject, "relation": relation} for subject, relation in pairs]
    rows = api.post(url, json={"queries": queries}).json()["results"]
    columns = api.post(url, json={"subjects": [a for a, _ in pairs], "relations": [b for _, b in pairs]}).json()
    lines = "".join(f'{{"subject":"{subject}","relation":"{relation}"}}\n' for subject, relation in pairs)
    streamed = api.post(url, content=lines.encode(), headers={"content-type": "application/x-ndjson"})
    assert [httpx.Response(200, text=line).json() for line in streamed.text.splitlines()] == rows
    for name, column in (("status", "statuses"), ("answers", "answers"), ("margin", "margins")):
        assert [row[name] for row in rows] == columns[column]
    assert columns["statuses"] == ["answered", "answered", "ambiguous", "unknown"]


def test_a_memory_depends_on_its_facts_alone(api: httpx.Client) -> None:
    """The digest is the same in another order, in several uploads, and after facts that were added and removed."""
    rows = [f"item {at},r{at % 3},{at % 17}\n" for at in range(300)]
    dictionary = fresh_dictionary(api, HEAD + "".join(rows))
    digests = {digest(api, dictionary)}
    upload(api, dictionary, f"{HEAD}gone,r0,1\nitem 0,r0,changed\n")
    upload(api, dictionary, HEAD + "".join(reversed(rows[:150])))
    upload(api, dictionary, HEAD + "".join(reversed(rows)), mode="replace")
    assert digests == {digest(api, dictionary)}


def digest(api: httpx.Client, dictionary: str) -> str:
    trained_as: str = api.get(f"/v1/memories/{train(api, dictionary)['memory']}").json()["digest"]
    return trained_as


def test_a_deleted_dictionary_leaves_nothing(service: Running, api: httpx.Client) -> None:
    """Its secret, memories and facts are gone from the disk, and every address of it is 404."""
    dictionary = fresh_dictionary(api, f"{HEAD}a,r,1\nthe subject that goes,r,the answer that goes\n")
    job = train(api, dictionary)
    kept = [service.data / "secrets" / dictionary, service.data / "memories" / job["memory"]]
    assert all(path.exists() for path in kept)
    assert api.delete(f"/v1/dictionaries/{dictionary}").status_code == 204
    assert not any(path.exists() for path in kept)
    assert not any(b"that goes" in path.read_bytes() for path in service.data.rglob("*") if path.is_file())
    asked = {"subject": "a", "relation": "r", "memory": job["memory"]}
    assert api.post(f"/v1/dictionaries/{dictionary}/recall", json=asked).status_code == 404
    for path in (f"/v1/memories/{job['memory']}", f"/v1/jobs/{job['id']}", f"/v1/dictionaries/{dictionary}/export"):
        assert api.get(path).status_code == 404
