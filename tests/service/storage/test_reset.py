"""A ledger can go back to any of its versions, as a new one; and two versions differ in what was not changed back."""

from collections.abc import Collection
from uuid import uuid4

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from service.facts import Facts
from service.storage import Database, Transaction, dictionaries, facts, reset, revisions, uploads
from service.storage.stamps import new_id, now
from tests.examples import examples

Fact = tuple[str, str, str]
FACTS = st.sets(st.tuples(st.sampled_from("ab"), st.sampled_from("rs"), st.sampled_from("123")), max_size=5)
quick = examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def put(tx: Transaction, number: int, wanted: Collection[Fact]) -> int:
    """Make the ledger hold these facts and no others; returns its version."""
    subjects, relations, answers = zip(*sorted(wanted), strict=True) if wanted else ((), (), ())
    row = dictionaries.locked(tx, number)
    assert row is not None
    sent = Facts(subjects, relations, answers, range(1, len(wanted) + 1))
    plan = facts.plan(tx, number, sent, replace=True, spared=())
    return facts.apply(tx, row, uploads.add_edit(tx, number, new_id("edt"), now(), "key"), plan)


def held(tx: Transaction, number: int, version: int) -> set[Fact]:
    columns = facts.columns(tx, number, version)
    return set(zip(columns.subjects, columns.relations, columns.answers, strict=True))


def pairs(some: Collection[Fact]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for subject, relation, answer in some:
        found.setdefault((subject, relation), set()).add(answer)
    return found


@quick
@given(history=st.lists(FACTS, min_size=1, max_size=5), to=st.integers(0, 5))
def test_a_reset_ledger_holds_that_version_again(shared: Database, history: list[set[Fact]], to: int) -> None:
    """Its facts and sizes are that version's, every earlier version stays what it was, and each fact keeps its line."""
    with shared.writing() as tx:
        number = dictionaries.add(tx, uuid4().hex).number
        versions = {0: set[Fact](), **{put(tx, number, some): some for some in history}}
        target = sorted(versions)[to % len(versions)]
        row = dictionaries.locked(tx, number)
        assert row is not None
        assert reset.differs(tx, number, row.ledger_version) is False
        opened = reset.to_version(tx, row, target, uploads.add_edit(tx, number, new_id("rst"), now(), "key"))
        after = dictionaries.locked(tx, number)
        assert after is not None
        assert (after.ledger_version, after.facts) == (opened, len(versions[target]))
        assert after.pairs == len(pairs(versions[target]))
        for version, taught in {**versions, opened: versions[target]}.items():
            assert held(tx, number, version) == taught


@quick
@given(history=st.lists(FACTS, min_size=2, max_size=5), asked=st.sets(st.tuples(st.sampled_from("ab"), st.just("r"))))
def test_versions_differ_in_their_answers_alone(
    shared: Database, history: list[set[Fact]], asked: set[tuple[str, str]]
) -> None:
    """A pair that was changed and changed back is not among those that moved, whichever version comes first."""
    with shared.writing() as tx:
        number = dictionaries.add(tx, uuid4().hex).number
        versions = {put(tx, number, some): some for some in history}
        first, last = min(versions), max(versions)
        before, after = pairs(versions[first]), pairs(versions[last])
        differing = {pair for pair in before | after if before.get(pair) != after.get(pair)}
        assert revisions.moved(tx, number, (last, first)) == differing
        assert revisions.moved(tx, number, (first, last), asked) == differing & asked
