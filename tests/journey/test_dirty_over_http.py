"""The dirty files as their owners would send them: uploaded over HTTP, trained, and every expected fact recalled."""

import csv
import io
from pathlib import Path

import httpx
import pytest

from tests.running import fresh_dictionary, train

DIRTY = Path(__file__).parents[1] / "data" / "dirty"
SETTLED = {
    "h03_no_header.csv": {"header": "none"},
    "d03_pipe.csv": {"delimiter": "|"},
    "e08_euc_jp.csv": {"encoding": "euc_jp"},
}
"""Files that may be asked about, and the option that settles each."""
COUNTED = ("accepted", "duplicate", "conflicting", "rejected")
Fact = tuple[str, str, str]

with (DIRTY / "manifest.csv").open(encoding="utf-8", newline="") as _file:
    MANIFEST = {row["file"]: row for row in csv.DictReader(_file)}
REFUSED = {name for name, row in MANIFEST.items() if row["outcome"] == "REJECT"} | {
    "d10_single_quotes.csv",
    "r13_unclosed_quote.csv",
}


def send(api: httpx.Client, dictionary: str, name: str, **options: str) -> httpx.Response:
    url, body = f"/v1/dictionaries/{dictionary}/uploads", (DIRTY / name).read_bytes()
    reply = api.post(url, params=options, content=body, headers={"content-type": "text/csv"})
    if reply.status_code == 200:
        receipt = reply.json()
        assert sum(receipt[field] for field in COUNTED) == receipt["rows_read"]
    return reply


def expected_facts(name: str) -> list[Fact]:
    """The expected facts; where the manifest leaves a choice, those that the ledger took."""
    with (DIRTY / MANIFEST[name]["expected_csv"]).open(encoding="utf-8", newline="") as file:
        return [(subject, relation, answer) for subject, relation, answer in list(csv.reader(file))[1:]]


def export(api: httpx.Client, dictionary: str) -> list[Fact]:
    text = api.get(f"/v1/dictionaries/{dictionary}/export", params={"raw": "true"}).content.decode()
    return [
        (subject, relation, answer) for subject, relation, answer in list(csv.reader(io.StringIO(text, newline="")))[1:]
    ]


def recall(api: httpx.Client, dictionary: str, facts: list[Fact]) -> set[Fact]:
    """Every answer to every pair of these facts."""
    pairs = list(dict.fromkeys((subject, relation) for subject, relation, _ in facts))
    subjects, relations = zip(*pairs, strict=True)
    asked = {"subjects": subjects, "relations": relations}
    answers = api.post(f"/v1/dictionaries/{dictionary}/recall:batch", json=asked).json()["answers"]
    return {(*pair, answer) for pair, held in zip(pairs, answers, strict=True) for answer in held}


@pytest.mark.parametrize("name", [name for name in MANIFEST if name not in REFUSED])
def test_what_a_file_holds_is_recalled(api: httpx.Client, name: str) -> None:
    """The ledger and the trained memory hold the expected facts of the file, letter by letter, and no other."""
    dictionary = fresh_dictionary(api)
    sent = send(api, dictionary, name, on_conflict="many", **SETTLED.get(name, {}))
    assert sent.status_code == 200, sent.text
    held = export(api, dictionary)
    if MANIFEST[name]["expected_csv"] and name != "d08_backslash_quotes.csv":
        assert sorted(held) == sorted(expected_facts(name))
    assert train(api, dictionary)["state"] == "succeeded"
    assert recall(api, dictionary, held) == set(held)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refused_file_leaves_nothing(api: httpx.Client, name: str) -> None:
    """A problem with a code and a sentence; the ledger stays as it was."""
    dictionary = fresh_dictionary(api)
    refused = send(api, dictionary, name)
    assert refused.status_code in {415, 422}
    assert refused.headers["content-type"] == "application/problem+json"
    assert len(refused.json()["detail"]) > 10
    assert api.get(f"/v1/dictionaries/{dictionary}").json()["ledger_version"] == 0


def test_refused_rows_can_be_sent_again(api: httpx.Client) -> None:
    """The conflicting rows of refused.csv, joined to the header and sent with `many`, complete the table."""
    dictionary = fresh_dictionary(api)
    receipt = send(api, dictionary, "r05_conflicts.csv").json()
    assert (receipt["conflicting"], receipt["accepted"]) == (80, 500)
    url = f"/v1/dictionaries/{dictionary}/uploads"
    text = api.get(f"{url}/{receipt['id']}/refused.csv", params={"raw": "true"}).content.decode()
    rows = [row["text"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    body = "\n".join(["subject,relation,answer", *rows])
    again = api.post(url, params={"on_conflict": "many"}, content=body.encode()).json()
    assert (again["accepted"], again["created"]) == (80, 40)
    assert sorted(export(api, dictionary)) == sorted(expected_facts("r05_conflicts.csv"))


def test_an_export_is_the_file_again(api: httpx.Client) -> None:
    """What a spreadsheet would run is neutralised in an export, and exact with `raw`; exact, it uploads unchanged."""
    dictionary = fresh_dictionary(api)
    send(api, dictionary, "r19_formula_injection.csv")
    guarded = api.get(f"/v1/dictionaries/{dictionary}/export").text
    assert not any(line.startswith(("=", "@")) or ",=" in line or ",@" in line for line in guarded.splitlines())
    exact = api.get(f"/v1/dictionaries/{dictionary}/export", params={"raw": "true"}).content
    again = api.post(f"/v1/dictionaries/{dictionary}/uploads", params={"mode": "replace"}, content=exact).json()
    assert (again["unchanged"], again["updated"], again["deleted"], again["created"]) == (126, 0, 0, 0)
