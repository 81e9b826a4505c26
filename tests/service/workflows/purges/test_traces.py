"""What mentions a purged fact is recognised however it was written down."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ingest.readers.decode import escape_undecodable
from service.workflows.purges.traces import PURGED, Traces, overwrite_receipt

FACT = ("山田 太郎", "担当者 電話", "03-1234-5678")
TRACES = Traces([FACT], shared=())
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=4, max_size=20).map(str.strip)


def in_csv(*cells: str) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(cells)
    return out.getvalue()


@pytest.mark.parametrize("text", FACT)
@pytest.mark.parametrize("written", [str, json.dumps, in_csv, lambda text: f"あ{text}い", str.upper])
def test_a_text_of_its_own_is_found_however_it_is_escaped(text: str, written: object) -> None:
    """Plain, in JSON, in CSV, within a sentence, in another case."""
    assert callable(written)
    assert TRACES.mentioned_in(written(text))


@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "utf-16-le"])
def test_bytes_that_did_not_decode_are_recognised(codec: str) -> None:
    """A refused row shows the bytes of another encoding as escapes."""
    assert TRACES.mentioned_in(escape_undecodable(FACT[0].encode(codec).decode("utf-8", "surrogateescape")))


@given(NAMES.filter(lambda name: len(set(name)) > 3), NAMES, NAMES)
def test_every_name_is_found_in_a_row_of_csv_or_json(subject: str, relation: str, answer: str) -> None:
    """Quoting and escaping hide no name."""
    traces = Traces([(subject, "r" * 30, "a" * 30)], shared=())
    assert traces.mentioned_in(in_csv(subject, relation, answer))
    assert traces.mentioned_in(json.dumps({"subject": subject}))
    assert traces.mentioned_in(json.dumps([subject], ensure_ascii=False))


def test_a_shared_subject_counts_only_beside_what_was_purged_with_it() -> None:
    """Other facts of the same subject are not traces."""
    traces = Traces([("Akita", "phone", "0123456")], shared={"Akita", "phone"})
    assert not traces.mentioned_in("Akita,city,Akita")
    assert not traces.mentioned_in("Beppu,phone,99")
    assert traces.mentioned_in("Akita,phone,")
    assert traces.mentioned_in("Akita", "phone")
    assert traces.mentioned_in("Beppu,phone,0123456")


def test_short_names_count_where_they_stand_alone() -> None:
    """`a1` is not mentioned in `ba12`."""
    traces = Traces([("a1", "rel-x", "ans-x")], shared=())
    assert traces.mentioned_in("x,A1,y")
    assert not traces.mentioned_in("ba12")


def test_nothing_purged_mentions_nothing() -> None:
    """Without texts of their own there is nothing to find."""
    assert not Traces([("a", "b", "c")], shared={"a", "b", "c"}).mentioned_in("d")
    assert not Traces([], shared=()).mentioned_in("")


def test_documents_lose_what_mentions_a_fact_and_keep_the_rest() -> None:
    """An object whose texts together name the fact loses them all; figures and other objects stay."""
    traces = Traces([("Akita", "phone", "0123456")], shared={"Akita", "phone"})
    failing = [{"subject": "Akita", "relation": "phone"}, {"subject": "Akita", "relation": "city"}]
    document = {"asked": 2, "failing": failing, "samples": ["Akita,phone,0123456", "kept"]}
    assert traces.overwrite(document) == {
        "asked": 2,
        "failing": [{"subject": PURGED, "relation": PURGED}, failing[1]],
        "samples": ["kept"],
    }


def test_a_receipt_keeps_its_figures() -> None:
    """Samples and examples go; kinds, counts and the receipt's own fields stay."""
    example = {"line": 2, "subject": FACT[0], "relation": "x", "answer": "y"}
    finding = {"kind": "duplicate_rows", "message": "m", "count": 1, "relation": None, "examples": [example]}
    receipt = {"id": "upl_1", "rows_read": 3, "decoded_samples": [",".join(FACT), "b"], "findings": [finding]}
    after = overwrite_receipt(receipt, TRACES)
    assert after["decoded_samples"] == ["b"]
    assert after["findings"][0]["examples"] == [{"line": 2, "subject": PURGED, "relation": PURGED, "answer": PURGED}]
    assert (after["id"], after["rows_read"], after["findings"][0]["kind"]) == ("upl_1", 3, "duplicate_rows")
