"""The ledger against the plainest model there is: a dict of answer sets for each version."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.uploads import Mode, OnConflict, Receipt
from service.facts import Facts
from service.storage import Database, dictionaries, facts, lookup, uploads
from service.storage.stamps import new_id, now
from tests.examples import examples

Pair = tuple[str, str]
Model = dict[Pair, frozenset[str]]

names = st.sampled_from(["a", "b", "ab", "部品", "部 品"])
sets = st.frozensets(st.sampled_from(["1", "2", "12", " 1"]), min_size=1, max_size=3)
tables = st.dictionaries(st.tuples(names, names), sets, max_size=8)
upload_steps = st.tuples(tables, st.booleans(), st.frozensets(st.tuples(names, names), max_size=3))


@dataclass
class Ledger:
    """One dictionary of a real database, and what each of its versions must hold."""

    db: Database
    number: int = 0
    versions: list[Model] = field(default_factory=lambda: [{}])

    def send(self, table: Model, *, replace: bool = False, spared: frozenset[Pair] = frozenset()) -> facts.Plan:
        rows = [(*pair, answer) for pair, answers in table.items() for answer in sorted(answers)]
        sent = dataclasses.replace(Facts.of(rows), lines=range(2, len(rows) + 2))
        with self.db.writing() as tx:
            row = dictionaries.lock(tx, self.number)
            assert row is not None
            plan = facts.plan(tx, self.number, sent, replace=replace, spared=spared)
            upload = uploads.add(tx, self.number, receipt(row.id), by="test")
            version = facts.apply(tx, row, upload, plan)
        if version == len(self.versions):
            self.versions.append(self.expected(table, replace=replace, spared=spared))
        return plan

    def expected(self, table: Model, *, replace: bool, spared: frozenset[Pair]) -> Model:
        before = self.versions[-1]
        kept = {pair: held for pair, held in before.items() if not replace or pair in spared or pair in table}
        return kept | table

    def at(self, version: int) -> Model:
        with self.db.reading() as tx:
            held = facts.read_facts(tx, self.number, version)
        return grouped(zip(held.subjects, held.relations, held.answers, strict=True))


def ledger(db: Database) -> Ledger:
    with db.writing() as tx:
        return Ledger(db, dictionaries.add(tx, new_id("name")).number)


def grouped(rows: object) -> Model:
    model: dict[Pair, set[str]] = {}
    for subject, relation, answer in rows:  # type: ignore[attr-defined]
        model.setdefault((subject, relation), set()).add(answer)
    return {pair: frozenset(answers) for pair, answers in model.items()}


def receipt(dictionary: str) -> Receipt:
    counts: dict[str, Any] = dict.fromkeys(
        ("rows_read", "accepted", "duplicate", "conflicting", "rejected", "created", "updated", "unchanged", "deleted"),
        0,
    )
    return Receipt(
        id=new_id("upl"),
        dictionary=dictionary,
        created_at=now(),
        dry_run=False,
        mode=Mode.UPSERT,
        on_conflict=OnConflict.MANY,
        **counts,
        ledger_version=0,
        memory=None,
        media_type="text/csv",
        encoding="utf-8",
        delimiter=",",
        header=[],
        columns={},
        ignored_columns=[],
        decoded_samples=[],
        blank_lines=0,
        sha256="",
        bytes=0,
        refused=[],
        findings=[],
    )


@examples(40)
@given(steps=st.lists(upload_steps, max_size=6))
def test_every_version_stays_what_it_was(shared: Database, steps: list[tuple[Model, bool, frozenset[Pair]]]) -> None:
    """Whatever is uploaded, in either mode, each ledger version holds exactly what the model says, for good."""
    kept = ledger(shared)
    for table, replace, spared in steps:
        before = kept.versions[-1]
        plan = kept.send(table, replace=replace, spared=spared)
        counts = plan.diff
        assert counts.created == len(table.keys() - before.keys())
        assert counts.unchanged == sum(before.get(pair) == answers for pair, answers in table.items())
        assert counts.created + counts.updated + counts.unchanged == len(table)
        assert counts.deleted == len(before.keys() - table.keys() - spared if replace else ())
    for version, expected in enumerate(kept.versions):
        assert kept.at(version) == expected
    with kept.db.reading() as tx:
        row = dictionaries.lock(tx, kept.number)
    newest = kept.versions[-1]
    assert row is not None
    assert (row.pairs, row.facts) == (len(newest), sum(map(len, newest.values())))


@examples(25)
@given(table=tables, limit=st.integers(1, 4))
def test_pages_hold_every_fact_once(shared: Database, table: Model, limit: int) -> None:
    """Following the cursor from page to page gives every fact exactly once, whatever the size of a page."""
    kept = ledger(shared)
    kept.send(table)
    place: lookup.Place | None = lookup.first_place(1)
    found = []
    while place is not None:
        assert lookup.Place.parse(str(place)) == place
        with kept.db.reading() as tx:
            page, place = lookup.search(tx, kept.number, (None, None), place, limit)
        found += [(fact.subject, fact.relation, fact.answer) for fact in page]
    assert len(found) == len(set(found))
    assert grouped(found) == table


def test_an_unchanged_upload_opens_no_version(shared: Database) -> None:
    """The same facts again leave version, rows and counts alone."""
    kept = ledger(shared)
    table = {("a", "r"): frozenset({"1", "2"})}
    kept.send(table)
    assert not kept.send(table).diff.changes
    assert kept.send(table, replace=True).diff.unchanged == 1
    assert len(kept.versions) == 2


def test_many_subjects_are_compared_as_few_are(shared: Database) -> None:
    """Past the size at which the whole ledger is read, and past a whole group of rows, the diff is the same."""
    kept = ledger(shared)
    size = facts.FEW_SUBJECTS + 1
    table = {(f"subject {number}", "r"): frozenset({str(number)}) for number in range(size)}
    assert kept.send(table).diff.created == size
    few = {("subject 7", "r"): frozenset({"changed"}), ("subject 8", "r"): frozenset({"8"})}
    assert (kept.send(few).diff.updated, kept.at(2)) == (1, table | few)
    assert kept.send(table).diff.updated == 1
    assert kept.at(3) == table


def test_a_pair_knows_where_it_came_from(shared: Database) -> None:
    """A pair is looked up with all its answers, its upload and its line, at the version asked for."""
    kept = ledger(shared)
    kept.send({("a", "r"): frozenset({"1", "2"}), ("a", "s"): frozenset({"3"})})
    kept.send({("a", "r"): frozenset({"9"})})
    with kept.db.reading() as tx:
        old = lookup.find_pairs(tx, kept.number, 1, [("a", "r"), ("x", "r")])
        new = lookup.find_pairs(tx, kept.number, 2, [("a", "r"), ("a", "s")])
    assert (old[("a", "r")].answers, old[("a", "r")].line, len(old)) == (("1", "2"), 2, 1)
    assert (new[("a", "r")].answers, new[("a", "s")].answers) == (("9",), ("3",))
    assert new[("a", "r")].upload != new[("a", "s")].upload
