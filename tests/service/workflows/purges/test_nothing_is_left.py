"""After a purge no byte of the data folder says what was purged, whatever had been done with it before."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import PATIENCE, Running, fresh_dictionary, running_service, train, upload, wait
from tests.service.workflows.purges.searching import places

SUBJECT, RELATION = "第七倉庫の甲野 太郎", "非常時の連絡先 電話"
ANSWER, LATER = "03-5555-0199 内線7731", "090-5555-0133 留守電"
TEXTS = (SUBJECT, RELATION, ANSWER, LATER)
PAIR = {"subject": SUBJECT, "relation": RELATION}
OTHER = {"subject": "品目 7", "relation": "関係 1"}
FEW = 120


def table() -> str:
    """The fact first, where samples are taken; a row refused for it, one that conflicts, one that repeats it."""
    fact = f"{SUBJECT},{RELATION},{ANSWER}"
    rows = [fact, fact, f"{SUBJECT},{RELATION},{LATER}", f"{fact},too,many", f"{SUBJECT},,{ANSWER}"]
    rows += [f"品目 {row},関係 {row % 3},値 {row}" for row in range(FEW)]
    return "subject,relation,answer\n" + "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("purged") / "data"
    with running_service(data, keep_unknowns="true", audit_recalls="all") as running:
        yield running


@pytest.fixture(scope="module")
def api(running: Running) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client


@pytest.fixture(scope="module")
def dictionary(running: Running, api: httpx.Client) -> str:
    """A dictionary in which everything that leaves traces was done with the fact."""
    dictionary = fresh_dictionary(api, table(), on_conflict="first", encoding="utf-8")
    url = f"/v1/dictionaries/{dictionary}"
    upload_again(api, dictionary)
    first = train(api, dictionary)["memory"]
    edited = ok(api.post(f"{url}/facts:batch", json={"upsert": [PAIR | {"answer": LATER}]}, headers=key("edit")))
    ok(api.put(f"{url}/aliases/old", json={"memory": first, "reason": f"before {SUBJECT} was changed"}))
    names = {"aliases": [{"kind": "subject", "alias": "七番の甲野さん", "name": SUBJECT}], "templates": []}
    ok(api.put(f"{url}/names", json=names))
    ask(api, url, edited["memory"])
    assert wait(api, ok(api.post(f"/v1/memories/{first}/verifications"))["id"])["state"] == "succeeded"
    ok(api.post(f"{url}/aliases/champion/rollback", json={"reason": f"{SUBJECT} was right before"}))
    forget_a_spooled_file(running.data)
    experiment(api, url)
    begin_a_report(running, api, url)
    flush_recalls(api, dictionary)
    return dictionary


def upload_again(api: httpx.Client, dictionary: str) -> None:
    """JSON lines with everything escaped, in which the fact is refused for its type."""
    lines = [json.dumps(PAIR | {"answer": {"nested": ANSWER}}), json.dumps(OTHER | {"answer": "値 7"})]
    headers = {"content-type": "application/x-ndjson"} | key("lines")
    ok(api.post(f"/v1/dictionaries/{dictionary}/uploads", content="\n".join(lines), headers=headers))


def ask(api: httpx.Client, url: str, memory: str) -> None:
    """Recalls of every form, and a review."""
    for body in (PAIR, PAIR | {"memory": memory, "compare": True}, PAIR | {"relation": f"{RELATION}、夜間"}):
        ok(api.post(f"{url}/recall", json=body))
    ok(api.post(f"{url}/recall:batch", json={"subjects": [SUBJECT], "relations": [RELATION]}))
    ok(api.post(f"{url}/recall", json={"question": f"{SUBJECT}の{RELATION}は"}))
    review = PAIR | {"memory": memory, "expected": [ANSWER], "note": f"{SUBJECT} says so"}
    ok(api.post(f"{url}/reviews", json=review))


def experiment(api: httpx.Client, url: str) -> None:
    """Its document names relations."""
    wanted = {"kind": "rank", "seconds": 1, "tasks": ["dictionary"]}
    ended = wait(api, ok(api.post(f"{url}/experiments", json=wanted))["id"])
    assert RELATION in json.dumps(ended["result"], ensure_ascii=False)


def begin_a_report(running: Running, api: httpx.Client, url: str) -> None:
    """Its worker has exported the facts and is asking the memory."""
    report = ok(api.post(f"{url}/reports"))["id"]
    while not (running.data / "reports" / report / "pilot.log").exists():
        time.sleep(0.05)


def flush_recalls(api: httpx.Client, dictionary: str) -> None:
    """Return once live use and audit hold every recall so far: they are written beside the requests, in their order,
    so that one more recall is written after all others.
    """
    wanted = {"act": "recall", "dictionary": dictionary, "limit": "1000"}
    before = len(ok(api.get("/v1/audit", params=wanted))["entries"])
    ok(api.post(f"/v1/dictionaries/{dictionary}/recall:batch", json={"subjects": ["x", "x"], "relations": ["x", "x"]}))
    deadline = time.monotonic() + PATIENCE
    while len(ok(api.get("/v1/audit", params=wanted))["entries"]) == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def forget_a_spooled_file(data: Path) -> None:
    (data / "spool" / "tmp_killed").write_text(table(), encoding="cp932")


def key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def ok(reply: httpx.Response) -> dict[str, Any]:
    assert reply.is_success, reply.text
    body: dict[str, Any] = reply.json()
    return body


@pytest.fixture(scope="module")
def purged(running: Running, api: httpx.Client, dictionary: str) -> dict[str, Any]:
    """The purge of the fact, done."""
    before = {place.split("-")[0] for text in TEXTS for place in places(running.data, text)}
    assert before >= {"factstore.db", "spool/tmp_killed"}
    wanted = {"pairs": [PAIR], "reason": f"{SUBJECT} asked for it"}
    purged = ok(api.post(f"/v1/dictionaries/{dictionary}/facts:purge", json=wanted))
    assert ok(api.post(f"/v1/dictionaries/{dictionary}/recall", json=PAIR))["status"] == "unknown"
    ended = wait(api, purged["job"])
    assert (ended["state"], ended["problem"]) == ("succeeded", None)
    return purged


def test_nothing_is_left_of_a_purged_fact(
    running: Running, api: httpx.Client, dictionary: str, purged: dict[str, Any]
) -> None:
    """Subject, relation and answers are in the folder before the purge and in no byte of it afterwards; the pinned
    champion answers from the memory without the fact, the others answer as before, and the audit chain holds.
    """
    url = f"/v1/dictionaries/{dictionary}"
    for job in ok(api.get(f"{url}/jobs"))["jobs"]:
        api.delete(f"/v1/jobs/{job['id']}")
        wait(api, job["id"])
    flush_recalls(api, dictionary)
    assert {text: found for text in TEXTS if (found := places(running.data, text))} == {}
    assert api.post(f"{url}/recall", json=OTHER).json()["answers"] == ["値 7"]
    aliases = ok(api.get(f"{url}/aliases"))["aliases"]
    assert {alias["memory"] for alias in aliases} == {purged["memory"]}
    for memory in purged["withdrawn"]:
        assert api.post(f"{url}/recall", json=OTHER | {"memory": memory}).json()["code"] == "not_retained"
    assert ok(api.post("/v1/audit:verify"))["valid"]


@pytest.mark.usefixtures("purged")
def test_a_purged_request_is_not_done_again(api: httpx.Client, dictionary: str) -> None:
    """The Idempotency-Key of an edit from before the purge stays taken: its retry does not bring the fact back."""
    edit = {"upsert": [PAIR | {"answer": LATER}]}
    again = api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=edit, headers=key("edit"))
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_key_reused")


def test_all_of_a_subject_goes(running: Running, api: httpx.Client) -> None:
    """Every fact of the subject, and its name where other facts answered with nothing else; shared texts stay."""
    subject, shared = "丙川 次郎商店 本部", "共通の答え 二十四個"
    rows = f"{subject},色の名前,{shared}\n{subject},担当の者,丁田 三郎 主任\nほか,色の名前,{shared}\n"
    dictionary = fresh_dictionary(api, "subject,relation,answer\n" + rows)
    train(api, dictionary)
    url = f"/v1/dictionaries/{dictionary}"
    purged = ok(api.post(f"{url}/facts:purge", json={"subject": subject, "reason": "gone"}))
    assert (purged["pairs"], purged["facts"], purged["shared"]) == (2, 2, 2)
    assert wait(api, purged["job"])["state"] == "succeeded"
    flush_recalls(api, dictionary)
    assert [places(running.data, text) for text in (subject, "担当の者", "丁田 三郎 主任")] == [[], [], []]
    assert places(running.data, shared) != []
    assert api.post(f"{url}/recall", json={"subject": "ほか", "relation": "色の名前"}).json()["answers"] == [shared]


def test_a_refused_row_about_a_stranger_can_be_purged(running: Running, api: httpx.Client) -> None:
    """A name that never became a fact is purged from the rows that were refused."""
    stranger = "戊山 四郎太 様方"
    dictionary = fresh_dictionary(api)
    upload(api, dictionary, f"subject,relation,answer\na,r,1\n{stranger},r,1,2,3\n")
    asked = {"subject": stranger, "reason": "asked"}
    purged = ok(api.post(f"/v1/dictionaries/{dictionary}/facts:purge", json=asked))
    assert (purged["facts"], purged["memory"], purged["withdrawn"]) == (0, None, [])
    assert wait(api, purged["job"])["state"] == "succeeded"
    assert places(running.data, stranger) == []


def test_a_subject_goes_by_its_name_and_by_its_pseudonym(running: Running, api: httpx.Client) -> None:
    """Subjects became pseudonyms after they were uploaded: the purge finds the history under the name and the facts
    under the pseudonym, and the mapping between them goes, too.
    """
    subject = "庚村 五郎衛門 様"
    dictionary = fresh_dictionary(api, f"subject,relation,answer\n{subject},色,赤\nほか,色,赤\n")
    train(api, dictionary)
    url = f"/v1/dictionaries/{dictionary}"
    ok(api.put(f"{url}/policies", json={"policies": [], "subjects": "pseudonymise", "reason": "test"}))
    ok(api.post(f"{url}/policies:apply"))
    stored = {fact["subject"] for fact in ok(api.post(f"{url}/facts:search", json={}))["facts"]}
    assert subject not in stored
    assert places(running.data, subject) != []
    purged = ok(api.post(f"{url}/facts:purge", json={"subject": subject, "reason": "asked"}))
    assert purged["facts"] == 2
    assert wait(api, purged["job"])["state"] == "succeeded"
    after = {fact["subject"] for fact in ok(api.post(f"{url}/facts:search", json={}))["facts"]}
    [pseudonym] = stored - after
    flush_recalls(api, dictionary)
    assert places(running.data, subject) == places(running.data, pseudonym) == []
