"""Uploads over HTTP: receipts, modes, repetition, refusals."""

import secrets

import httpx

from tests.running import fresh_dictionary, upload

HEAD = "subject,relation,answer\n"
COUNTS = ("created", "updated", "unchanged", "deleted")


def counts(reply: httpx.Response) -> tuple[int, ...]:
    assert reply.status_code == 200, reply.text
    return tuple(reply.json()[name] for name in COUNTS)


def ledger(api: httpx.Client, dictionary: str, as_of: int | None = None) -> set[tuple[str, str, str]]:
    found = api.post(f"/v1/dictionaries/{dictionary}/facts:search", json={"as_of": as_of}).json()["facts"]
    return {(fact["subject"], fact["relation"], fact["answer"]) for fact in found}


def test_upsert_replaces_whole_answers_and_keeps_the_past(api: httpx.Client) -> None:
    """A pair's answers are replaced as a set, other pairs stay, and the earlier version can still be asked for."""
    dictionary = fresh_dictionary(api, HEAD + "a,r,1\na,r,2\nb,r,3\n", on_conflict="many")
    assert counts(upload(api, dictionary, HEAD + "a,r,2\nc,r,4\n")) == (1, 1, 0, 0)
    assert ledger(api, dictionary) == {("a", "r", "2"), ("b", "r", "3"), ("c", "r", "4")}
    assert ledger(api, dictionary, 1) == {("a", "r", "1"), ("a", "r", "2"), ("b", "r", "3")}
    assert api.post(f"/v1/dictionaries/{dictionary}/facts:search", json={"as_of": 3}).status_code == 422


def test_replace_makes_the_ledger_equal_to_the_upload(api: httpx.Client) -> None:
    """Pairs that the upload does not hold are deleted and counted."""
    dictionary = fresh_dictionary(api, HEAD + "a,r,1\nb,r,2\nc,r,3\n")
    assert counts(upload(api, dictionary, HEAD + "a,r,1\nb,r,9\n", mode="replace")) == (0, 1, 1, 1)
    assert ledger(api, dictionary) == {("a", "r", "1"), ("b", "r", "9")}


def test_replace_with_refused_rows_deletes_nothing_it_mentions(api: httpx.Client) -> None:
    """An incomplete file is 409; with allow_partial the pairs of its refused rows keep what they had."""
    dictionary = fresh_dictionary(api, HEAD + "a,r,1\nb,r,2\nc,r,3\n")
    incomplete = HEAD + "a,r,1\nb,r,8\nb,r,9\n"
    refused = upload(api, dictionary, incomplete, mode="replace")
    assert (refused.status_code, refused.json()["code"]) == (409, "replace_incomplete")
    assert counts(upload(api, dictionary, incomplete, mode="replace", allow_partial="true")) == (0, 0, 1, 1)
    assert ledger(api, dictionary) == {("a", "r", "1"), ("b", "r", "2")}


def test_a_dry_run_stores_nothing(api: httpx.Client) -> None:
    """It counts what would happen and leaves ledger and uploads alone."""
    dictionary = fresh_dictionary(api, HEAD + "a,r,1\n")
    assert counts(upload(api, dictionary, HEAD + "a,r,2\nb,r,2\n", dry_run="true")) == (1, 1, 0, 0)
    assert ledger(api, dictionary) == {("a", "r", "1")}
    assert len(api.get(f"/v1/dictionaries/{dictionary}/uploads").json()["uploads"]) == 1


def test_receipt_and_refused_rows_can_be_read_again(api: httpx.Client) -> None:
    """The stored receipt is the one that was answered; refused rows come back with line, code and exact text."""
    dictionary = fresh_dictionary(api)
    receipt = upload(api, dictionary, HEAD + "a,r,1\n=b,r,\nc,r,3\nc,r,3\n").json()
    assert (receipt["rows_read"], receipt["accepted"], receipt["rejected"], receipt["duplicate"]) == (4, 2, 1, 1)
    kept = f"/v1/dictionaries/{dictionary}/uploads/{receipt['id']}"
    assert api.get(kept).json() == receipt
    raw = api.get(f"{kept}/refused.csv", params={"raw": True}).text.splitlines()
    assert [line.split(",", 2)[:2] for line in raw[1:]] == [["3", "field_missing"], ["5", "duplicate"]]
    assert '"=b,r,"' in raw[1]
    assert '"\'=b,r,"' in api.get(f"{kept}/refused.csv").text


def test_export_gives_back_what_came_in(api: httpx.Client) -> None:
    """Raw it can be uploaded again and changes nothing; otherwise no cell runs in a spreadsheet."""
    rows = 'a,r,=1+1\na,s,-3.5\nb,r,"x, ""y""\nz"\n'
    dictionary = fresh_dictionary(api, HEAD + rows)
    exported = api.get(f"/v1/dictionaries/{dictionary}/export", params={"raw": True})
    assert counts(upload(api, dictionary, exported.text, mode="replace")) == (0, 0, 3, 0)
    safe = api.get(f"/v1/dictionaries/{dictionary}/export").text
    assert "'=1+1" in safe
    assert ",-3.5" in safe


def test_a_file_that_is_no_table_is_a_coded_problem(api: httpx.Client) -> None:
    """Nothing is stored, and the code says why."""
    dictionary = fresh_dictionary(api)
    for body, status in ((b"", 422), (HEAD.encode(), 422), (b"%PDF-1.7 nothing", 415)):
        reply = api.post(f"/v1/dictionaries/{dictionary}/uploads", content=body, headers={"content-type": "text/csv"})
        assert reply.status_code == status, reply.text
        assert reply.json()["code"]
    assert api.get(f"/v1/dictionaries/{dictionary}").json()["ledger_version"] == 0


def test_a_repeated_upload_gets_the_first_receipt(api: httpx.Client) -> None:
    """The same Idempotency-Key, body and options give the first receipt; anything else under that key is 409."""
    dictionary = fresh_dictionary(api)
    url, headers = f"/v1/dictionaries/{dictionary}/uploads", {"Idempotency-Key": secrets.token_hex(8)}
    first = api.post(url, content=HEAD + "a,r,1\n", headers=headers)
    upload(api, dictionary, HEAD + "a,r,2\n")
    assert api.post(url, content=HEAD + "a,r,1\n", headers=headers).json() == first.json()
    assert ledger(api, dictionary) == {("a", "r", "2")}
    for body, options in ((HEAD + "a,r,3\n", {}), (HEAD + "a,r,1\n", {"mode": "replace"})):
        other = api.post(url, content=body, params=options, headers=headers)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_a_dictionary_s_name_is_taken_once(api: httpx.Client) -> None:
    """A second one of the same name is 409; id and exact name both find the first; deleted, the name is free."""
    name = f"部品 {secrets.token_hex(4)}"
    made = api.post("/v1/dictionaries", json={"name": name}).json()
    assert api.post("/v1/dictionaries", json={"name": name}).json()["code"] == "name_taken"
    assert api.get(f"/v1/dictionaries/{name}").json() == api.get(f"/v1/dictionaries/{made['id']}").json() == made
    assert api.delete(f"/v1/dictionaries/{name}").status_code == 204
    assert api.get(f"/v1/dictionaries/{made['id']}").status_code == 404
    assert api.post("/v1/dictionaries", json={"name": name}).status_code == 201
