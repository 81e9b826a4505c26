from hypothesis import given
from hypothesis import strategies as st

from pilot.checks.deletion import choose_deletions, respell
from pilot.checks.probes import fold
from pilot.checks.scratch import Changes, Held, draw_pairs
from pilot.checks.target import CheckPlan

NAMES = st.text(alphabet="aAbZ09-ー〜Æé部品 が", min_size=1, max_size=6).map(str.strip).filter(bool)
ANSWERS = st.lists(st.sampled_from("xyz"), min_size=1, max_size=2, unique=True).map(sorted).map(tuple)
TABLES = st.dictionaries(st.tuples(NAMES, NAMES), ANSWERS, min_size=1, max_size=20)


@given(TABLES, st.integers(1, 30), st.integers(0, 9))
def test_a_change_changes(held: Held, wanted: int, seed: int) -> None:
    """Every drawn pair gets another set of answers, from its relation if that has another; the same seed and round give
    the same draw.
    """
    changes = Changes(held, seed)
    given_ = changes.draw(held, wanted, "round 1")
    assert len(given_) == min(wanted, len(held))
    for pair, answers in given_.items():
        others = {held[each] for each in held if each[1] == pair[1]} - {held[pair]}
        assert answers != held[pair]
        assert answers in others or not others
    assert changes.draw(held, wanted, "round 1") == given_


@given(NAMES)
def test_another_spelling_is_another_and_means_the_same(name: str) -> None:
    """The other spelling differs from the name, and both fold to the same text."""
    assert respell(name) != name
    assert fold(respell(name)) == fold(name)


@given(TABLES, st.integers(1, 30))
def test_what_is_deleted_can_be_told_from_what_stays(held: Held, most: int) -> None:
    """At most a tenth of the pairs is deleted, at least one if another remains, none that folds to one that stays."""
    gone = choose_deletions(held, CheckPlan(deleted=most))
    assert len(gone) <= min(most, max(1, len(held) // 10), len(held) - 1)
    stays = {tuple(map(fold, pair)) for pair in held.keys() - set(gone)}
    assert all(tuple(map(fold, pair)) not in stays for pair in gone)


@given(TABLES, st.integers(1, 30), st.integers(0, 9))
def test_a_copy_is_bounded(held: Held, most: int, seed: int) -> None:
    """A copy has all pairs, or as many as are wanted, with their answers and in file order."""
    copy = draw_pairs(held, most, seed)
    assert len(copy) == min(most, len(held))
    assert copy.items() <= dict(held).items()
    assert list(copy) == [pair for pair in held if pair in copy]
