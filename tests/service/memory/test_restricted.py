"""A memory seen through some of its relations, beside one that never saw the others."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.memory import Facts, Recalled, Recipe, fit
from service.memory.memory import Memory
from tests.examples import examples

SECRET = b"0123456789abcdef0123456789abcdef"
SUBJECTS = ["Acme", "acme", "ＡＣＭＥ", "Acme Japan", "Beta", "か\u3099", "が", "Gamma"]
RELATIONS = ["maker", "Maker", "MAKER", "maker city", "e-mail", "e‐mail", "city"]
SPELLINGS = [*SUBJECTS, "ACME", "acme japan", "ｶﾞ", "delta", " Acme "]
ASKED = [*RELATIONS, "mAkEr", "E-MAIL", "ｍａｋｅｒ", "nothing", ""]
QUESTIONS = [
    "Who is the maker of Acme Japan?",
    "maker city of acme",
    "the e-mail of Beta",
    "がのmaker",
    "city of Acme, maker of Beta",
]
facts = st.dictionaries(
    st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(RELATIONS)), st.sampled_from("xyz"), min_size=1, max_size=24
)


def memory_of(taught: dict[tuple[str, str], str]) -> Memory:
    subjects, relations = zip(*taught, strict=True)
    return fit(Facts(subjects, relations, list(taught.values())), Recipe(), secret=SECRET)


def said(recalled: Recalled) -> list[tuple[tuple[str, ...], bool, bool]]:
    """Everything but the margins of what is known: two memories have different ones."""
    assert not recalled.margins[~recalled.known].any()
    answers = [tuple(answers) for answers in recalled.answers]
    return list(zip(answers, recalled.known.tolist(), recalled.ambiguous.tolist(), strict=True))


@examples(12)
@given(facts, st.sets(st.sampled_from(RELATIONS)))
@example({("Acme", "e-mail"): "x", ("Beta", "e‐mail"): "x"}, set())
@example({("Beta", "e-mail"): "x", ("Beta", "e‐mail"): "y"}, set())
def test_what_is_not_seen_was_never_taught(taught: dict[tuple[str, str], str], denied: set[str]) -> None:
    """Statuses, answers, listed relations and the pairs found in sentences are those of a memory trained without the
    denied facts, for every spelling: nothing that the view replies depends on them.
    """
    seen = {pair: answer for pair, answer in taught.items() if pair[1] not in denied}
    if not seen:
        return
    view, other = memory_of(taught).within(set(RELATIONS) - denied), memory_of(seen)
    pairs = [(subject, relation) for subject in SPELLINGS for relation in ASKED]
    subjects, relations = zip(*pairs, strict=True)
    for pair, ours, theirs in zip(
        pairs, said(view.recall(subjects, relations)), said(other.recall(subjects, relations)), strict=True
    ):
        assert ours == theirs, pair
    assert view.relations == other.relations
    for question in QUESTIONS:
        assert view.candidates(question) == other.candidates(question), question


def test_nothing_is_seen_where_no_relation_is() -> None:
    """A view of no relation knows nothing, lists nothing and finds nothing in a sentence."""
    view = memory_of({("Acme", "maker"): "x"}).within(())
    assert said(view.recall(["Acme", "acme"], ["maker", "Maker"])) == [((), False, False)] * 2
    assert (view.relations, view.candidates("maker of Acme")) == ([], [])


def test_a_view_of_a_view_sees_no_more() -> None:
    """`within` narrows."""
    view = memory_of({("Acme", "maker"): "x", ("Acme", "city"): "y"}).within({"maker"}).within({"maker", "city"})
    assert view.relations == ["maker"]


def test_a_view_answers_what_it_sees_with_the_memory_s_margins() -> None:
    """What may be seen is answered as the memory itself answers it, margins included."""
    memory = memory_of({("Acme", "maker"): "x", ("Beta", "maker"): "y", ("Acme", "city"): "z"})
    asked = ["Acme", "Beta", "beta"], ["maker"] * 3
    ours, theirs = memory.within({"maker"}).recall(*asked), memory.recall(*asked)
    assert said(ours) == said(theirs)
    np.testing.assert_array_equal(ours.margins, theirs.margins)


def test_pairs_are_asked_in_columns_of_one_length() -> None:
    """As the memory itself does, a view refuses subjects and relations that do not pair."""
    with pytest.raises(ValueError, match="same length"):
        memory_of({("Acme", "maker"): "x"}).within({"maker"}).recall(["Acme"], [])
