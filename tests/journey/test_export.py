"""The export: exact, it comes back equal; for a spreadsheet, nothing in it runs."""

import csv
import io
import re
from itertools import product

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.facts import trimmed
from service.ingest.table import neutralise_formula
from tests.examples import examples
from tests.running import fresh_dictionary

Fact = tuple[str, str, str]

TITLES = ["subject", "relation", "answer", "Answer"]
SIGNS = ["=1", "-5", "@", "'", '"', '""', "“", ",", ";", "\t", "|", "\\", "#", "sep=;", "1,5"]
SPACES = ["\n", "\r", "\r\n", " ", "\u3000", "\xa0", "\ufeff", "\u2028"]
PIECES = [*TITLES, *SIGNS, *SPACES, "a", "é", "部品", "ﾌﾞ", "😀", "\x1a", "\x1b$B"]
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join).filter(trimmed)
tables = st.sets(st.tuples(texts, texts, texts), min_size=1, max_size=5)


def store(api: httpx.Client, facts: set[Fact]) -> str:
    """A dictionary that holds exactly these facts, sent as JSON, and its export's path."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for subject, relation, answer in sorted(facts):
        pairs.setdefault((trimmed(subject), trimmed(relation)), []).append(answer)
    batch = [{"subject": pair[0], "relation": pair[1], "answers": answers} for pair, answers in pairs.items()]
    dictionary = fresh_dictionary(api)
    sent = api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json={"upsert": batch})
    assert sent.is_success, sent.text
    return f"/v1/dictionaries/{dictionary}"


def held(api: httpx.Client, url: str) -> list[Fact]:
    facts = api.post(f"{url}/facts:search", json={"limit": 10_000}).json()["facts"]
    return sorted((fact["subject"], fact["relation"], fact["answer"]) for fact in facts)


def send_again(api: httpx.Client, url: str) -> str:
    """The exact export of one dictionary uploaded to a new one, with its own media type."""
    exact = api.get(f"{url}/export", params={"raw": "true"})
    assert exact.headers["csv-form"] == "exact"
    other = f"/v1/dictionaries/{fresh_dictionary(api)}"
    options = {"on_conflict": "many", "encoding": "utf-8", "delimiter": ","}
    kind = {"content-type": exact.headers["content-type"]}
    receipt = api.post(f"{other}/uploads", params=options, content=exact.content, headers=kind)
    assert receipt.status_code == 200, receipt.text
    assert receipt.json()["rejected"] == 0, api.get(f"{other}/uploads/{receipt.json()['id']}/refused.csv").text
    return other


@examples(40)
@given(tables)
@example({("subject", "relation", "answer")})
@example({("subject", "relation", answer) for answer in ("answer", "answeR", " ANSWER")})
@example({("a", "r", "\x1a"), ("b", "r", "x\n\x1a")})
@example({("sep=;", "a", "b")})
def test_an_exact_export_comes_back_equal(api: httpx.Client, facts: set[Fact]) -> None:
    url = store(api, facts)
    other = send_again(api, url)
    assert held(api, other) == held(api, url)


def test_no_fact_equals_the_header_of_its_export(api: httpx.Client) -> None:
    """However many facts read like a header, the export has one of its own."""
    casings = ["".join(each) for each in product(*zip("answer", "ANSWER", strict=True))]
    url = store(api, {("subject", "relation", answer) for answer in casings} | {("subject", "relatioN", "answer")})
    other = send_again(api, url)
    assert held(api, other) == held(api, url)
    assert len(held(api, other)) == len(casings) + 1


RUNS = re.compile(r"\A[\s\ufeff]*[=+\-@＝＋－＠]")


@examples(300)
@given(st.lists(st.sampled_from([*PIECES, "＝", "+", "x"]), max_size=6).map("".join), st.sampled_from(",;\t|"))
@example(";=1", ";")
@example('x;"=1"', ";")
@example("x\n=1", ",")
@example(" =1", ",")
def test_nothing_runs_in_any_spreadsheet(cell: str, delimiter: str) -> None:
    """Whichever character a spreadsheet takes for the delimiter, no cell that it reads begins like a formula."""
    out = io.StringIO()
    csv.writer(out).writerows([("a", "r", neutralise_formula(cell)), (neutralise_formula(cell), "r", "a")])
    for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter):
        for each in row:
            begun = each.lstrip('"')
            assert not RUNS.match(begun) or re.match(r"[+-]\d", begun.strip()), (cell, row)


@pytest.mark.parametrize("cell", ["-500", "+1.5", "-1,5", "35.6;-139.7", "x", "a-b", "2 + 2", "c++", "x = y", "- "])
def test_what_does_not_run_stays(cell: str) -> None:
    assert neutralise_formula(cell) == (f"'{cell}" if cell == "- " else cell)


def test_the_reply_says_which_form_it_is(api: httpx.Client) -> None:
    """The default says that it is not exact, and where the exact form is, of the same ledger version."""
    url = store(api, {("a", "r", "=1")})
    safe = api.get(f"{url}/export", params={"as_of": 1})
    assert (safe.headers["csv-form"], safe.text.splitlines()[1]) == ("spreadsheet", "a,r,'=1")
    link = re.fullmatch('<(.*)>; rel="canonical"', safe.headers["link"])
    assert link is not None
    exact = api.get(str(safe.url.join(link[1])))
    assert (exact.headers["csv-form"], exact.text.splitlines()[1]) == ("exact", "a,r,=1")
