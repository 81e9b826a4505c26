"""Policies applied to a table: what changes, what stays, what is counted."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.problems import Code
from schemas.uploads import OnConflict
from service.facts import Facts
from service.ingest import Limits, Options, ParsedFile, read_table, write_refused
from service.ingest.privacy.policies import Policies, apply_policies
from service.ingest.privacy.pseudonyms import PREFIX, Pseudonyms
from service.ingest.privacy.replacements import FEWEST, mask, to_band, to_prefecture, to_year

Make = Callable[..., Policies]
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
ANSWERS = st.one_of(TEXT, st.dates().map(str), st.integers(-(10**9), 10**9).map(str), st.just("東京都港区芝1-2-3"))
ROWS = st.lists(st.tuples(TEXT, st.sampled_from(["mail", "MAIL ", "born", "age", "home", "code", "plan"]), ANSWERS))


@pytest.fixture(scope="module")
def every(policies: Make) -> Policies:
    """A policy of each kind."""
    born, home, age = {"to": "year"}, {"to": "prefecture"}, {"to": "band", "width": 10}
    return policies(mail="mask", born=born, home=home, age=age, code="pseudonymise", plan="drop", subjects=True)


def columns(rows: list[tuple[str, str, str]]) -> Facts:
    subjects, relations, answers = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    return Facts(subjects, relations, answers, list(range(len(rows))))


@given(rows=ROWS)
def test_counts_add_and_applying_twice_is_applying_once(every: Policies, rows: list[tuple[str, str, str]]) -> None:
    """Every row is kept or dropped, and applying the policies again changes nothing."""
    once = apply_policies(columns(rows), every)
    assert sorted([*once.places, *once.dropped]) == list(range(len(rows)))
    assert len(once.columns) == len(once.places)
    assert sum(once.dropped_by_relation.values()) == len(once.dropped)
    assert max(once.subjects, *once.changed.values(), 0) <= once.rows <= len(once.places)
    twice = apply_policies(once.columns, every)
    assert list(twice.columns.rows()) == list(once.columns.rows())
    assert (twice.rows, twice.dropped, twice.texts) == (0, {}, {})


@given(rows=ROWS)
def test_relations_without_a_policy_are_left_alone(policies: Make, rows: list[tuple[str, str, str]]) -> None:
    """Only the relation with a policy changes, in every spelling of its name."""
    applied = apply_policies(columns(rows), policies(mail="drop"))
    kept = [row for row in rows if row[1].strip().casefold() != "mail"]
    assert list(applied.columns.answers) == [answer for _, _, answer in kept]
    assert applied.rows == 0


@given(text=TEXT)
def test_a_mask_keeps_length_and_hides_all_but_two_characters(text: str) -> None:
    """A mask keeps the length and at most two characters; a short text is hidden completely."""
    masked = mask(text)
    assert len(masked) == len(text)
    assert mask(masked) == masked
    shown = sum(was == now and was.isalnum() for was, now in zip(text, masked, strict=True))
    assert shown <= (2 if sum(masked.count(mark) for mark in "*") >= FEWEST - 2 else 0)


def test_masks_look_like_this() -> None:
    """Masks keep punctuation, so that a person sees what kind of value it was."""
    assert mask("taro.yamada@example.co.jp") == "t***.******@*******.**.*p"
    assert mask("090-1234-5678") == "0**-****-***8"
    assert mask("山田太郎") == "****"


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        ("1984-03-05", "1984"),
        ("1984/3/5 12:30", "1984"),
        ("1984年3月5日", "1984"),
        ("昭和59年3月5日", "1984"),
        ("S59.3.5", "1984"),
        ("令和元年5月1日", "2019"),
        ("5 March 1984", "1984"),
        ("March 5th, 1984", "1984"),
        ("05.03.1984", "1984"),
        ("19840305", "1984"),
        ("1984", "1984"),
        ("unknown", None),
        ("12345", None),
        ("born 1984 in Kobe", None),
    ],
)
def test_a_date_becomes_its_year(date: str, wanted: str | None) -> None:
    """A date in any known spelling becomes its year; other text is not kept."""
    assert to_year(date) == wanted


def test_an_address_becomes_its_prefecture() -> None:
    """A Japanese or romanised address becomes its prefecture; one without a prefecture is not kept."""
    assert to_prefecture("〒100-0001 東京都千代田区千代田1-1") == "東京都"
    assert to_prefecture("京都府京都市中京区1") == "京都府"
    assert to_prefecture("1-1 Umeda, Kita-ku, Osaka 530-0001, Japan") == "Osaka"
    assert to_prefecture("横浜市西区みなとみらい2-2-1") is None


@given(number=st.integers(-(10**12), 10**12), width=st.integers(1, 10**6))
def test_a_number_lies_in_its_band(number: int, width: int) -> None:
    """The band of a number contains it, starts at a multiple of the width, and is its own band."""
    made = to_band(str(number), width)
    assert made is not None
    low, high = map(int, made.split(" to "))
    assert low <= number <= high
    assert (low % width, high - low) == (0, width - 1)
    assert to_band(made, width) == made


def test_a_band_keeps_its_unit_and_nothing_else_beside_the_number() -> None:
    """A number with a unit is kept as a band; one with other text beside it is not kept."""
    assert to_band("¥1,234,567", 100_000) == "¥1200000 to 1299999"
    assert to_band("34歳", 10) == "30 to 39歳"
    assert to_band("-0.5", 10) == "-10 to -1"
    assert to_band("34 山田", 10) is None


@given(text=TEXT)
def test_a_pseudonym_is_keyed_and_known_again(pseudonyms: Pseudonyms, text: str) -> None:
    """Pseudonyms depend on text and key, are recognised, and their sealed text can be unsealed."""
    made = pseudonyms.of(text)
    assert made == pseudonyms.of(f" {text.strip()} ") == pseudonyms.of(made)
    assert pseudonyms.is_own(made)
    other = Pseudonyms(bytes(32))
    assert other.of(text) != made
    assert not other.is_own(made)
    assert pseudonyms.unseal(made, pseudonyms.seal(made, text)) == text


def test_text_that_looks_like_a_pseudonym_is_none(pseudonyms: Pseudonyms) -> None:
    """Text that only looks like a pseudonym is replaced like any other."""
    for forged in (f"{PREFIX}{'a' * 32}", PREFIX, f"{PREFIX}山田太郎", f"{PREFIX}{'a' * 31}"):
        assert not pseudonyms.is_own(forged)
        assert pseudonyms.of(forged) != forged


@pytest.fixture
def screened(tmp_path: Path, policies: Make) -> ParsedFile:
    """A file that has rows for each policy, read under the policies."""
    file = tmp_path / "people.csv"
    file.write_text(
        "subject,relation,answer,comment\n"
        "Ito,mail,ito.kenji@example.jp,call Ito\nIto,plan,gold,\nUeno,born,1984-03-05,\nUeno,born,spring 84,\n"
        "Ito,mail,ito.kenji@example.jp,again\nIto,secret\nUeno,born,1984-12-31,\n",
        encoding="utf-8",
    )
    rules = policies(mail="mask", plan="drop", born={"to": "year"}, subjects=True)
    return read_table(file, None, Options(on_conflict=OnConflict.MANY), Limits(), rules)


def test_rows_are_counted_after_the_policies(screened: ParsedFile) -> None:
    """Dropped rows count as rejected, answers that became equal as duplicates, and the sum holds."""
    codes = [row.code for row in screened.refused]
    assert codes == [Code.DROPPED_BY_POLICY, Code.NOT_GENERALISED, Code.DUPLICATE, Code.ROW_RAGGED, Code.DUPLICATE]
    total = len(screened.accepted) + screened.duplicate + screened.conflicting + screened.rejected
    assert (total, screened.rows_read, len(screened.accepted)) == (7, 7, 2)
    assert screened.accepted.answers == ["i**.*****@*******.*p", "1984"]


def test_nothing_of_the_file_is_left_in_what_is_kept(screened: ParsedFile, pseudonyms: Pseudonyms) -> None:
    """No original value is in refused rows, samples or findings; only the sealed mapping has them."""
    out = io.StringIO()
    write_refused(screened.refused, out, raw=True)
    kept = [out.getvalue(), *screened.decoded_samples, *(each.model_dump_json() for each in screened.findings)]
    kept += [
        *screened.accepted.subjects,
        *screened.accepted.answers,
        *(name for pair in screened.mentioned for name in pair),
    ]
    for text in ("Ito", "Ueno", "ito.kenji", "gold", "1984-03-05", "spring 84", "call"):
        assert not any(text in each for each in kept), text
    assert screened.pseudonyms == {pseudonyms.of("Ito"): "Ito", pseudonyms.of("Ueno"): "Ueno"}


def test_what_was_done_is_a_finding(screened: ParsedFile) -> None:
    """Findings count the changed rows by relation, and those of the subjects."""
    done = {each.relation: each.count for each in screened.findings if each.kind == "policy_applied"}
    assert done == {"mail": 2, "born": 2, None: 4}
