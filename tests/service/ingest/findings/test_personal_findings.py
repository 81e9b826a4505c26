"""Findings of personal data in whole tables: by share and count, and silence where there is none."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from schemas.uploads import Finding, FindingKind, OnConflict, PersonalKind
from service.ingest import Limits, Options, ParsedFile, read_table
from service.ingest.privacy.personal import LOOKED_AT

ROOT = Path(__file__).parents[4]
PERSONAL = {
    "メール": PersonalKind.EMAIL,
    "電話番号": PersonalKind.TELEPHONE,
    "住所": PersonalKind.POSTAL_ADDRESS,
    "郵便番号": PersonalKind.POSTAL_CODE,
}


def read(folder: Path, rows: Iterable[tuple[str, str, str]]) -> ParsedFile:
    file = folder / "facts.tsv"
    lines = ["subject\trelation\tanswer", *("\t".join(row) for row in rows)]
    file.write_text("\n".join(lines), encoding="utf-8")
    return read_table(file, None, Options(on_conflict=OnConflict.MANY, delimiter="\t"), Limits())


def found(parsed: ParsedFile, kind: FindingKind = FindingKind.PERSONAL_DATA) -> list[Finding]:
    return [finding for finding in parsed.findings if finding.kind is kind]


def test_an_enterprise_table_shows_its_four_relations_and_no_other() -> None:
    """Part numbers, shelf numbers, dates, lead times and codes are not taken for personal data."""
    file = ROOT / "sample_dictionaries" / "enterprise_ja.csv"
    parsed = read_table(file, None, Options(on_conflict=OnConflict.MANY), Limits())
    kinds = {each.relation: each.personal.kind for each in found(parsed) if each.personal}
    assert kinds == PERSONAL
    assert all(each.examples == [] for each in found(parsed))


@pytest.mark.parametrize("name", ["parts", "awkward_ja"])
def test_the_other_samples_hold_no_personal_data(name: str) -> None:
    """The sample dictionaries without personal data have no such finding."""
    file = ROOT / "sample_dictionaries" / f"{name}.csv"
    assert found(read_table(file, None, Options(on_conflict=OnConflict.MANY), Limits())) == []


@pytest.mark.parametrize("pattern", ["{:010}", "2021-04-{:02}", "0{:02}-{:04}", "49{:011}", "{:012}", "AB-{:04}-{:04}"])
def test_numbers_of_a_table_are_not_people(tmp_path: Path, pattern: str) -> None:
    """200 running numbers, dates, bar codes or shelf codes under a neutral name are no finding."""
    rows = [(f"p{at}", "code", pattern.format(at % 28 + 1 if "04-" in pattern else at, at)) for at in range(200)]
    assert found(read(tmp_path, rows)) == []


def test_subjects_may_be_personal_data_too(tmp_path: Path) -> None:
    """A finding about the subjects names no relation."""
    parsed = read(tmp_path, [(f"user{at}@example.org", "plan", "free") for at in range(20)])
    (finding,) = found(parsed)
    assert finding.relation is None
    assert finding.personal is not None
    assert (finding.personal.of, finding.personal.matching, finding.personal.share) == ("subjects", 20, 1.0)


def test_many_values_are_looked_at_in_part(tmp_path: Path) -> None:
    """At most 2,000 distinct values are examined, the same each time, and the finding gives their number."""
    rows = [(f"p{at}", "note", f"user{at}@example.org" if at % 2 else f"text {at}") for at in range(6000)]
    first, second = (found(read(tmp_path, rows))[0].personal for _ in range(2))
    assert first == second
    assert first is not None
    assert (first.looked_at, first.distinct) == (LOOKED_AT, 6000)
    assert 0.45 < first.share < 0.55


def test_a_combination_that_singles_people_out_is_a_finding(tmp_path: Path) -> None:
    """Two common answers that single out most subjects together are reported with exact counts."""
    rows = [
        row
        for at in range(100)
        for row in ((f"p{at}", "age", str(at % 10)), (f"p{at}", "city", f"c{at // 10}"), (f"p{at}", "id", f"i{at}"))
    ]
    rows[0] = ("p0", "age", "1")  # now p0 and p1 are alike, and nobody else
    (finding,) = found(read(tmp_path, rows), FindingKind.SUBJECTS_SINGLED_OUT)
    assert finding.uniqueness is not None
    assert sorted(finding.uniqueness.relations) == ["age", "city"]
    assert (finding.uniqueness.subjects, finding.uniqueness.unique, finding.uniqueness.smallest_group) == (100, 98, 1)


def test_large_groups_are_no_finding(tmp_path: Path) -> None:
    """Where ten subjects share every combination, none is singled out."""
    rows = [
        row for at in range(200) for row in ((f"p{at}", "age", str(at % 2)), (f"p{at}", "city", f"c{at // 2 % 10}"))
    ]
    assert found(read(tmp_path, rows), FindingKind.SUBJECTS_SINGLED_OUT) == []
