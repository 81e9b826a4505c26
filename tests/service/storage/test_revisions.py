"""Batches of edits against the plainest ledger there is, and what changed between two of its versions."""

from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from schemas.edits import EditOp, EditStatus
from service.storage import Database, dictionaries, facts, lookup, uploads
from service.storage.revisions import Item, changed, revise
from service.storage.stamps import new_id, now
from tests.examples import examples

Pair = tuple[str, str]
Model = dict[Pair, frozenset[str]]

NAMES = ("a", "b", "ab", "部品")
names = st.sampled_from(NAMES)
pairs = st.tuples(names, names)
sets = st.frozensets(st.sampled_from(["1", "2", " 1"]), min_size=1, max_size=2)
batches = st.tuples(st.dictionaries(pairs, sets, max_size=4), st.sets(pairs, max_size=3))


@examples(40)
@given(steps=st.lists(batches, min_size=1, max_size=5))
def test_edits_do_what_they_say(shared: Database, steps: list[tuple[Model, set[Pair]]]) -> None:
    """Each item's status is what the model says, every version holds what it must, and the pairs that changed since a
    version are those whose answers differ, or differed in between.
    """
    versions: list[Model] = [{}]
    with shared.writing() as tx:
        dictionary = dictionaries.add(tx, new_id("name")).number
    for upserts, deletes in steps:
        gone = deletes - upserts.keys()
        items = [Item(EditOp.UPSERT, pair, answers) for pair, answers in upserts.items()]
        items += [Item(EditOp.DELETE, pair) for pair in gone]
        with shared.writing() as tx:
            row = dictionaries.locked(tx, dictionary)
            assert row is not None
            revision = revise(tx, dictionary, items)
            edit = uploads.add_edit(tx, dictionary, new_id("edt"), now(), "key")
            facts.apply(tx, row, edit, revision.plan)
        before = versions[-1]
        assert revision.statuses == [_status(before, item) for item in items]
        after = {pair: answers for pair, answers in {**before, **upserts}.items() if pair not in gone}
        versions += [after] * (after != before)
    with shared.reading() as tx:
        for version, expected in enumerate(versions):
            held = lookup.of_pairs(tx, dictionary, version, product(NAMES, NAMES))
            assert {pair: frozenset(source.answers) for pair, source in held.items()} == expected
            moved = changed(tx, dictionary, version, 1000)
            assert moved == _moved(versions[version:])
            assert not moved or changed(tx, dictionary, version, 0) is None


def _status(held: Model, item: Item) -> EditStatus:
    if item.op is EditOp.DELETE:
        return EditStatus.DELETED if item.pair in held else EditStatus.ABSENT
    if item.pair not in held:
        return EditStatus.CREATED
    return EditStatus.UNCHANGED if held[item.pair] == item.answers else EditStatus.UPDATED


def _moved(versions: list[Model]) -> set[Pair]:
    steps = pairwise(versions)
    return {pair for old, new in steps for pair in {*old, *new} if old.get(pair) != new.get(pair)}


def test_a_pair_is_looked_up_by_its_names(db: Database) -> None:
    """Not by the version it began in, which nearly every fact shares: an edit must not read the whole ledger."""
    if not db.is_sqlite:
        return
    plans: list[str] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def explain(connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT") and "facts" in statement:
            cursor = connection.connection.cursor()  # type: ignore[attr-defined]
            plans.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    with db.reading() as tx:
        lookup.of_pairs(tx, 1, 5, [("a", "b")])
        revise(tx, 1, [Item(EditOp.DELETE, ("a", "b"))])
    looked = [plan for plan in plans if "facts" in plan]
    assert looked
    assert all("subject_key=?" in plan for plan in looked)
