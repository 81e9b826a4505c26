"""Field cases: files that made trouble for other software, each sent as its owner would, and what came of it judged.

`tests/data/field/README.md` says how the manifest is read. Cases that are not right yet are named in `PENDING`; one
that becomes right has to be taken out of it.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import fresh_dictionary, train

FIELD = Path(__file__).parents[1] / "data" / "field"
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".txt": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
COUNTED = ("accepted", "duplicate", "conflicting", "rejected")
PENDING: set[str] = set()

Pair = tuple[str, str]
Wanted = tuple[Any, str, Any]  # {"any": […]} for what is right in several ways, {"set": […]} for several answers


@dataclass(frozen=True)
class Case:
    """An upload: `query` is its query string as it goes into the URL."""

    kind: str
    file: str
    query: str
    media_type: str
    wanted: list[Wanted]
    right: str

    def __str__(self) -> str:
        return f"{self.kind} {self.file}?{self.query}".rstrip("?")


@dataclass
class Outcome:
    """What came of an upload. held: the answers to every wanted pair; codes: those of the refused rows."""

    reply: httpx.Response
    held: dict[Pair, list[str]] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = self.reply.json()
        return found


def read_cases() -> Iterator[Case]:
    with (FIELD / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["how"].startswith(("pilot", "serve")):
                query, _, media_type = row["how"].partition(" as ")
                query, media_type = ("", query[3:]) if query.startswith("as ") else (query, media_type)
                media_type = media_type or MEDIA_TYPES[Path(row["file"]).suffix]
                wanted = [tuple(fact) for fact in json.loads(row["expected_facts"] or "[]")]
                yield Case(row["class"], row["file"], query, media_type, wanted, row["expected_refused"])


def send(api: httpx.Client, case: Case, query: str) -> tuple[str, httpx.Response]:
    dictionary = fresh_dictionary(api)
    headers = {"content-type": case.media_type}
    content = (FIELD / case.file).read_bytes()
    return dictionary, api.post(f"/v1/dictionaries/{dictionary}/uploads?{query}", content=content, headers=headers)


def try_out(api: httpx.Client, case: Case, query: str) -> Outcome:
    """Upload, train and recall. Whatever is right, a reply is a receipt that adds up or a problem with a code."""
    dictionary, reply = send(api, case, query)
    if reply.status_code != 200:
        assert 400 <= reply.status_code < 500, reply.text
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["code"]
        return Outcome(reply)
    receipt = reply.json()
    assert sum(receipt[name] for name in COUNTED) == receipt["rows_read"]
    assert receipt["duplicate"] == 0
    outcome = Outcome(reply)
    refused = api.get(f"/v1/dictionaries/{dictionary}/uploads/{receipt['id']}/refused.csv").content.decode()
    outcome.codes = [row["code"] for row in csv.DictReader(io.StringIO(refused.removeprefix("\ufeff"), newline=""))]
    if receipt["accepted"] and case.wanted:
        assert train(api, dictionary)["state"] == "succeeded"
        pairs = [(name, relation) for subject, relation, _ in case.wanted for name in spell(subject)]
        subjects, relations = zip(*pairs, strict=True)
        asked = {"subjects": subjects, "relations": relations}
        answers = api.post(f"/v1/dictionaries/{dictionary}/recall:batch", json=asked).json()["answers"]
        outcome.held = dict(zip(pairs, answers, strict=True))
    return outcome


def spell(name: Any) -> list[str]:
    """The ways to write a name that are right."""
    return list(name["any"]) if isinstance(name, dict) else [name]


def is_held(outcome: Outcome, wanted: Wanted) -> bool:
    subject, relation, answer = wanted
    held = next((held for name in spell(subject) if (held := outcome.held.get((name, relation)))), [])
    if isinstance(answer, dict):
        return sorted(held) == sorted(answer["set"]) if "set" in answer else len(held) == 1 and held[0] in answer["any"]
    return held == [answer]


def count_answers(wanted: list[Wanted]) -> int:
    return sum(len(answer["set"]) if isinstance(answer, dict) and "set" in answer else 1 for *_, answer in wanted)


def is_right(api: httpx.Client, case: Case, outcome: Outcome, right: str) -> bool:
    """Whether an outcome is right by one of the alternatives of the manifest."""
    verb, _, rest = right.partition(" ")
    taken = outcome.reply.status_code == 200
    judges: dict[str, Callable[[], bool]] = {
        "file": lambda: not taken and is_as_said(outcome, rest),
        "told": lambda: taken and any(re.search(rest, finding["message"]) for finding in outcome.body["findings"]),
        "way": lambda: not taken and is_way(api, case, outcome),
        "some": lambda: taken and is_part(outcome, case) and has_codes(outcome, rest),
    }
    if verb in judges:
        return judges[verb]()
    return taken and is_whole(outcome, case, int(verb)) and has_codes(outcome, rest)


def is_as_said(outcome: Outcome, rest: str) -> bool:
    code, _, pattern = rest.partition("~")
    return code.strip() in ("", outcome.body["code"]) and bool(re.search(pattern, outcome.body["detail"]))


def is_way(api: httpx.Client, case: Case, outcome: Outcome) -> bool:
    """Whether an encoding that the detail names reads the file to its facts."""
    named = re.findall(r"encoding=([\w-]+)", outcome.body["detail"])
    again = [try_out(api, case, f"encoding={name}") for name in named]
    return any(each.reply.status_code == 200 and is_whole(each, case, 0) for each in again)


def is_whole(outcome: Outcome, case: Case, refused: int) -> bool:
    """Whether every wanted fact is held, nothing else was accepted, and so many rows were refused."""
    counts = outcome.body["accepted"], outcome.body["rejected"] + outcome.body["conflicting"]
    return counts == (count_answers(case.wanted), refused) and all(is_held(outcome, each) for each in case.wanted)


def is_part(outcome: Outcome, case: Case) -> bool:
    """Whether each wanted fact is held or its row was refused, and nothing else was accepted."""
    held = [each for each in case.wanted if is_held(outcome, each)]
    refused = outcome.body["rejected"] + outcome.body["conflicting"]
    accepted: int = outcome.body["accepted"]
    return accepted == count_answers(held) and len(case.wanted) - len(held) <= refused


def has_codes(outcome: Outcome, rest: str) -> bool:
    """Whether the refused rows have that code, or another one than that (`!code`)."""
    if rest.startswith("!"):
        return rest[1:] not in outcome.codes
    return rest == "" or set(outcome.codes) == {rest}


@pytest.mark.parametrize("case", list(read_cases()), ids=str)
def test_a_field_case_is_right(api: httpx.Client, case: Case, request: pytest.FixtureRequest) -> None:
    """Every fact of the file is recalled letter by letter, or what is not taken is refused in words that help."""
    if str(case) in PENDING:
        request.applymarker(pytest.mark.xfail(strict=True, reason="not right yet"))
    outcome = try_out(api, case, case.query)
    alternatives = case.right.split(" | ")
    assert any(is_right(api, case, outcome, right) for right in alternatives), (
        outcome.reply.text[:600],
        outcome.held,
        outcome.codes,
    )
