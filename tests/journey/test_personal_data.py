"""Personal data under policies, from a Shift-JIS file to the answers, with a search of the whole data folder."""

import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest
from stdnum.jp import in_

from tests.running import Running, fresh_dictionary, train, upload

PEOPLE = 40
SURNAMES = ["佐藤", "鈴木", "高橋", "田中", "渡辺"]


def make_my_number(at: int) -> str:
    digits = f"{73519284600 + at * 7919:011}"
    return digits + in_.calc_check_digit(digits)


def make_person(at: int) -> dict[str, str]:
    """Make answers that occur nowhere else, so that one found in a file has leaked."""
    return {
        "メール": f"kobayashi.{at:03}@sakura-mail.example.jp",
        "マイナンバー": make_my_number(at),
        "電話": f"090-5512-{7000 + at}",
        "住所": f"東京都千代田区神田錦町{at + 1}丁目27番{at + 3}号",
        "生年月日": f"19{60 + at % 40}-04-17",
        "会員証": f"KAIIN-{at:05}-{secrets.token_hex(3)}",
    }


POLICIES = [
    {"relation": "メール", "policy": "mask"},
    {"relation": "マイナンバー", "policy": "drop"},
    {"relation": "電話", "policy": "pseudonymise"},
    {"relation": "住所", "policy": "generalise", "generalise": {"to": "prefecture"}},
    {"relation": "生年月日", "policy": "generalise", "generalise": {"to": "year"}},
    {"relation": "会員証", "policy": "pseudonymise"},
]


def encode_all(text: str) -> list[bytes]:
    """Return the bytes of a text in every encoding that a file may have."""
    escaped = text.encode("ascii", "backslashreplace")
    return [text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("cp932"), escaped]


def find_leaks(folder: Path, texts: list[str]) -> list[tuple[str, str]]:
    """Return (file, text) for each text found in a file below the folder."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    wanted = [(text, spelling) for text in texts for spelling in encode_all(text)]
    return [(path.name, text) for path, content in files.items() for text, spelling in wanted if spelling in content]


@pytest.fixture(scope="module")
def people() -> dict[str, dict[str, str]]:
    return {f"{SURNAMES[at % 5]}{chr(0x30A2 + at)}太郎{at:02}": make_person(at) for at in range(PEOPLE)}


@pytest.fixture(scope="module")
def taught(api: httpx.Client, people: dict[str, dict[str, str]]) -> tuple[str, dict[str, Any]]:
    """A dictionary whose file was uploaded after its policies were set, and the receipt."""
    return teach(api, people)


def teach(api: httpx.Client, people: dict[str, dict[str, str]]) -> tuple[str, dict[str, Any]]:
    dictionary = fresh_dictionary(api)
    wanted = {"policies": POLICIES, "subjects": "pseudonymise", "reason": "the purpose needs no names"}
    assert api.put(f"/v1/dictionaries/{dictionary}/policies", json=wanted).status_code == 200
    rows = [f"{name},{relation},{answer}\n" for name, facts in people.items() for relation, answer in facts.items()]
    first = next(iter(people))
    broken = f"{first},メール\n{first},電話,{people[first]['電話']}\n"  # a ragged row and a duplicate
    sent = api.post(
        f"/v1/dictionaries/{dictionary}/uploads",
        content=("主語,関係,答え\n" + "".join(rows) + broken).encode("cp932"),
        headers={"content-type": "text/csv"},
    )
    assert sent.status_code == 200, sent.text
    assert train(api, dictionary)["state"] == "succeeded"
    return dictionary, sent.json()


def test_every_row_is_counted(taught: tuple[str, dict[str, Any]]) -> None:
    """Dropped rows are rejected rows with a code of their own, and the sum holds."""
    _, receipt = taught
    refused = {each["code"]: each["count"] for each in receipt["refused"]}
    assert refused == {"dropped_by_policy": PEOPLE, "row_ragged": 1, "duplicate": 1}
    assert receipt["encoding"] == "cp932"
    counted = sum(receipt[name] for name in ("accepted", "duplicate", "conflicting", "rejected"))
    assert (counted, receipt["accepted"]) == (receipt["rows_read"], 5 * PEOPLE)


def test_what_was_sent_is_called_by_its_name(taught: tuple[str, dict[str, Any]]) -> None:
    """Findings say which relations held personal data, and how many values, without showing one."""
    _, receipt = taught
    found = {each["relation"]: each["personal"] for each in receipt["findings"] if each["kind"] == "personal_data"}
    kinds = {relation: personal["kind"] for relation, personal in found.items()}
    assert kinds == {
        "メール": "email",
        "マイナンバー": "my_number",
        "電話": "telephone",
        "住所": "postal_address",
        "生年月日": "birth_date",
    }
    assert (found["マイナンバー"]["matching"], found["マイナンバー"]["share"]) == (PEOPLE, 1.0)
    applied = {each["relation"]: each["count"] for each in receipt["findings"] if each["kind"] == "policy_applied"}
    assert applied == {
        "メール": PEOPLE,
        "電話": PEOPLE + 1,
        "住所": PEOPLE,
        "生年月日": PEOPLE,
        "会員証": PEOPLE,
        None: 201,
    }


def test_a_person_is_recalled_by_the_real_name(
    api: httpx.Client, taught: tuple[str, dict[str, Any]], people: dict[str, dict[str, str]]
) -> None:
    """The service makes the pseudonym of what is asked; the answers are what the policies left."""
    name = next(iter(people))
    base = f"/v1/dictionaries/{taught[0]}"
    results = {
        relation: api.post(f"{base}/recall", json={"subject": name, "relation": relation}).json()
        for relation in people[name]
    }
    assert {result["subject"] for result in results.values()} == {name}
    assert results["住所"]["answers"] == ["東京都"]
    assert results["生年月日"]["answers"] == ["1960"]
    assert results["メール"]["answers"] == ["k********.***@******-****.*******.*p"]
    assert results["マイナンバー"]["status"] == "unknown"
    (pseudonym,) = results["会員証"]["answers"]
    read = api.post(f"{base}/policies/pseudonyms:resolve", json={"pseudonyms": [pseudonym, "psn-nobody"]}).json()
    assert read["texts"] == [people[name]["会員証"], None]
    (fact,) = api.post(f"{base}/facts:search", json={"subject": name, "relation": "住所"}).json()["facts"]
    assert (fact["subject"].startswith("psn-"), fact["answer"]) == (True, "東京都")
    compared = api.post(f"{base}/recall", json={"subject": name, "relation": "住所", "compare": True}).json()
    assert compared["ledger"]["agrees"]


def test_nothing_of_it_stands_in_the_data_folder(
    service: Running, api: httpx.Client, taught: tuple[str, dict[str, Any]], people: dict[str, dict[str, str]]
) -> None:
    """Database, journal, spool, memories, secrets and log: no name and no answer in any encoding, after an edit too."""
    base = f"/v1/dictionaries/{taught[0]}"
    edit = {"subject": "清水きよ", "relation": "メール", "answer": "kiyo.shimizu@sakura-mail.example.jp"}
    edited = api.post(f"{base}/facts:batch", json={"upsert": [edit]})
    assert edited.status_code == 200, edited.text
    dropped = {**edit, "relation": "マイナンバー", "answer": make_my_number(PEOPLE)}
    refused = api.post(f"{base}/facts:batch", json={"upsert": [dropped]})
    assert (refused.status_code, refused.json()["code"]) == (422, "dropped_by_policy")
    answered = api.post(f"{base}/recall", json={"subject": "清水きよ", "relation": "メール"}).json()
    assert answered["answers"] == ["k***.*******@******-****.*******.*p"]
    texts = [edit["subject"], edit["answer"], dropped["answer"], *people]
    texts += [answer for facts in people.values() for answer in facts.values()]
    assert find_leaks(service.data, texts) == []
    assert find_leaks(service.data.with_suffix(".log").parent, texts) == []


def test_a_forgotten_pseudonym_is_never_read_again(api: httpx.Client, people: dict[str, dict[str, str]]) -> None:
    """One is forgotten, then all; recall by the real name goes on."""
    base = f"/v1/dictionaries/{teach(api, people)[0]}"
    names = list(people)[:2]
    made = api.post(f"{base}/policies/pseudonyms:resolve", json={"texts": names}).json()["pseudonyms"]
    gone = api.delete(f"{base}/policies/pseudonyms", params={"pseudonym": made[0]}).json()
    assert gone == {"pseudonyms": 1}
    read = api.post(f"{base}/policies/pseudonyms:resolve", json={"pseudonyms": made}).json()
    assert read["texts"] == [None, names[1]]
    assert api.delete(f"{base}/policies/pseudonyms").json()["pseudonyms"] > PEOPLE
    asked = {"subject": names[0], "relation": "住所"}
    assert api.post(f"{base}/recall", json=asked).json()["answers"] == ["東京都"]


def test_stored_facts_comply_only_when_told_to(service: Running, api: httpx.Client) -> None:
    """A new policy counts what does not comply; applying it is one change of the ledger, which the champion follows."""
    facts = "subject,relation,answer\n" + "".join(f"c{at},age,{20 + at}\nc{at},note,n{at}\n" for at in range(30))
    dictionary = fresh_dictionary(api, facts)
    assert train(api, dictionary)["state"] == "succeeded"
    base = f"/v1/dictionaries/{dictionary}"
    first = api.get(f"{base}/policies")
    assert (first.json()["version"], first.headers["etag"]) == (0, '"0"')
    bands = {"relation": "AGE", "policy": "generalise", "generalise": {"to": "band", "width": 10}}
    wanted = {"policies": [bands, {"relation": "note", "policy": "drop"}], "reason": "coarse ages will do"}
    put = api.put(f"{base}/policies", json=wanted, headers={"if-match": '"0"'})
    assert put.json()["not_compliant"] == [{"relation": "age", "facts": 30}, {"relation": "note", "facts": 30}]
    assert api.put(f"{base}/policies", json=wanted, headers={"if-match": '"0"'}).status_code == 412
    assert api.post(f"{base}/recall", json={"subject": "c3", "relation": "age"}).json()["answers"] == ["23"]
    applied = api.post(f"{base}/policies:apply").json()
    assert (applied["changed"], applied["dropped"]) == (30, 30)
    assert api.post(f"{base}/recall", json={"subject": "c3", "relation": "age"}).json()["answers"] == ["20 to 29"]
    assert api.post(f"{base}/recall", json={"subject": "c3", "relation": "note"}).json()["status"] == "unknown"
    assert api.post(f"{base}/policies:apply").json()["changed"] == 0
    replaced = upload(api, dictionary, "subject,relation,answer\nc1,age,33\nc1,note,x\n", mode="replace")
    assert (replaced.status_code, replaced.json()["rejected"]) == (200, 1)


def test_policies_applied_beside_a_pinned_champion_name_no_memory(api: httpx.Client) -> None:
    """The ledger complies at once; the pinned memory still answers what was dropped, so it is not named as the one that
    serves, and the dictionary says that it is behind.
    """
    dictionary = fresh_dictionary(api, "subject,relation,answer\na,note,1\nb,age,2\n")
    base = f"/v1/dictionaries/{dictionary}"
    train(api, dictionary)
    train(api, dictionary)
    assert api.post(f"{base}/aliases/champion/rollback", json={"reason": "r"}).json()["pinned"]
    api.put(f"{base}/policies", json={"policies": [{"relation": "note", "policy": "drop"}], "reason": "r"})
    applied = api.post(f"{base}/policies:apply").json()
    assert (applied["dropped"], applied["memory"], applied["job"]) == (1, None, None)
    assert api.get(base).json()["behind"]
    assert api.post(f"{base}/recall", json={"subject": "a", "relation": "note"}).json()["answers"] == ["1"]


def test_only_an_admin_sets_policies_or_reads_pseudonyms(service: Running, api: httpx.Client) -> None:
    """Whoever uploads may see the policies, not change them."""
    dictionary = fresh_dictionary(api)
    base = f"/v1/dictionaries/{dictionary}"
    key = api.post("/v1/keys", json={"role": "ingest"}).json()["key"]
    with service.client(key) as uploader:
        assert uploader.get(f"{base}/policies").status_code == 200
        assert uploader.put(f"{base}/policies", json={"policies": [], "reason": ""}).status_code == 403
        assert uploader.post(f"{base}/policies/pseudonyms:resolve", json={}).status_code == 403
        assert uploader.delete(f"{base}/policies/pseudonyms").status_code == 403


def test_the_policy_secret_goes_with_its_dictionary(service: Running, api: httpx.Client) -> None:
    """It lies apart from the memory secret, readable by the owner alone."""
    dictionary = fresh_dictionary(api)
    api.put(f"/v1/dictionaries/{dictionary}/policies", json={"policies": POLICIES, "reason": ""})
    file = service.data / "secrets" / f"{dictionary}.policy"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes() != (service.data / "secrets" / dictionary).read_bytes()
    assert api.delete(f"/v1/dictionaries/{dictionary}").status_code == 204
    assert not file.exists()
