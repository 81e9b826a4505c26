"""A wide table over HTTP: the memory that the long table gives, and questions that name the query to settle them."""

import csv
import io
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import fresh_dictionary, train

PARTS = Path(__file__).parents[2] / "sample_dictionaries" / "parts.csv"
CSV = {"content-type": "text/csv"}


def upload(api: httpx.Client, dictionary: str, data: bytes, query: str = "") -> httpx.Response:
    return api.post(f"/v1/dictionaries/{dictionary}/uploads?{query}", content=data, headers=CSV)


def widen(facts: list[list[str]]) -> bytes:
    """The facts that have one answer as a wide table, one row a subject, cells without an answer empty."""
    table = defaultdict[str, dict[str, str]](dict)
    for subject, relation, answer in facts:
        table[subject][relation] = answer
    relations = list(dict.fromkeys(relation for _, relation, _ in facts))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["品番", *relations])
    writer.writerows([subject, *(held.get(name, "") for name in relations)] for subject, held in table.items())
    return out.getvalue().encode()


def test_wide_and_long_give_the_same_memory(api: httpx.Client) -> None:
    """The same facts in either layout make the same ledger and the same digest, and every cell is counted."""
    with PARTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    pairs = [tuple(row[:2]) for row in rows]
    facts = [row for row in rows if pairs.count((row[0], row[1])) == 1]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["subject", "relation", "answer"], *facts])
    dictionary = fresh_dictionary(api)
    digests, receipts = list[str](), list[dict[str, Any]]()
    for data, query in ((out.getvalue().encode(), ""), (widen(facts), "mode=replace&layout=wide&subject=品番")):
        receipts.append(upload(api, dictionary, data, query).raise_for_status().json())
        memory = train(api, dictionary)["memory"]
        digests.append(api.get(f"/v1/memories/{memory}").json()["digest"])
    long, wide = receipts
    assert digests[0] == digests[1]
    assert long["accepted"] == wide["accepted"] == wide["rows_read"] == wide["unchanged"] == len(facts)
    subjects, relations = len({row[0] for row in facts}), len({row[1] for row in facts})
    assert (wide["layout"], wide["table_rows"], wide["deleted"]) == ("wide", subjects, 0)
    assert wide["empty_cells"] == subjects * relations - len(facts)


@pytest.mark.parametrize(
    ("data", "query", "first"),
    [
        ("品番,色,重さ\nP-1,赤,3kg\nP-2,青,4kg\n", "", ["P-1", "色", "赤"]),
        ("品番,色,重さ\nP-1,赤,3kg\nP-2,青,4kg\n", "subject=品番", None),
        ("品番,枝番,色,形\nP,1,赤,丸\nP,2,青,角\n", "on_conflict=many", ["P/1", "色", "赤"]),
        ("P-1,色,赤\nP-2,色,青\n", "mode=replace", ["P-1", "色", "赤"]),
        ("部品,しるし,なかみ\nP,r,1\nP,s,2\n", "layout=long", ["P", "r", "1"]),
        ("P\tr\tS, M, L\nQ\tr\tM, L, XL\n", "header=none", ["P", "r", "S, M, L"]),
    ],
)
def test_what_settles_a_question_settles_it(data: str, query: str, first: list[str] | None, api: httpx.Client) -> None:
    """Each question carries a query, complete with the options that were sent, by which the file is taken."""
    dictionary = fresh_dictionary(api)
    asked = upload(api, dictionary, data.encode(), query)
    while asked.status_code == 422:  # one question may lead to another
        extra = asked.json()["extra"]
        if first is not None:
            assert extra["readings"][0]["facts"][0] == first
        asked = upload(api, dictionary, data.encode(), extra["try"])
    receipt = asked.raise_for_status().json()
    assert receipt["accepted"] == receipt["rows_read"] > 0
    assert "mode=replace" not in query or receipt["mode"] == "replace"


def test_options_without_effect_are_refused(api: httpx.Client) -> None:
    """An option of wide tables for a long one, or of workbooks for text, is not passed over in silence."""
    dictionary = fresh_dictionary(api)
    for query in ("ignore=x", "relations=x", "sheet=1"):
        refused = upload(api, dictionary, b"subject,relation,answer\na,r,1\n", query)
        assert refused.status_code == 422
        assert upload(api, dictionary, b"subject,relation,answer\na,r,1\n", refused.json()["extra"]["try"]).is_success
