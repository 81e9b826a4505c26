"""Names in sentences are found by their folded form and handed on as the sentence spells them."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.facts import fold
from service.memory import Facts, Recipe, fit
from service.memory.questions import Vocabulary

SECRET = bytes(range(32))


def vocabulary(subjects: Sequence[str], relations: Sequence[str]) -> Vocabulary:
    taught = {fold(subject) for subject in subjects}

    def knows(folded: Sequence[str]) -> NDArray[np.bool_]:
        return np.array([name in taught for name in folded], dtype=np.bool_)

    return Vocabulary(knows, {fold(relation): [relation] for relation in relations})


@pytest.mark.parametrize(
    "spelling",
    [
        "PART-0042",
        "part-0042",
        "Ｐart－００４２",
        "PART‑0042",
        "カナ",
        "ｶﾞラス",
        "か\u3099ラス",
        "㈱秋田",
        "Café",
        "Cafe\u0301",
        "Ａ　Ｂ",
    ],
)
@pytest.mark.parametrize("sentence", ["{}の標準入数は？", "What is 標準入数 of  {} ?", "　{}　標準入数"])
def test_subjects_are_spelled_as_in_the_sentence(spelling: str, sentence: str) -> None:
    """Whatever the width, case, normal form or spaces around it, the subject comes back as the sentence has it."""
    assert vocabulary([spelling], ["標準入数"]).pairs_in(sentence.format(spelling)) == [(spelling, "標準入数")]


@given(before=st.text(max_size=20), name=st.text(min_size=1, max_size=10), after=st.text(max_size=20))
def test_every_spelling_folds_to_a_taught_name(before: str, name: str, after: str) -> None:
    """Whatever stands around a name, what is handed on folds to a name that is taught."""
    pairs = vocabulary([name], ["maker"]).pairs_in(f"{before} {name} {after} maker")
    assert {fold(subject) for subject, _ in pairs} <= {fold(name)}


def test_names_that_fold_alike_are_told_apart_in_a_sentence() -> None:
    """A sentence about `&AElig;` is about that name, though `&aelig;` is taught too and has another answer."""
    names, answers = ["&AElig;", "&aelig;"], ["U+00C6", "U+00E6"]
    memory = fit(Facts(names, ["code point"] * 2, answers), Recipe(), secret=SECRET)
    for name, answer in zip(names, answers, strict=True):
        [(subject, relation)] = memory.candidates(f"What is the code point of {name}?")
        assert memory.recall([subject], [relation]).answers == [(answer,)]
    [(subject, relation)] = memory.candidates("What is the code point of &Aelig;?")
    assert memory.recall([subject], [relation]).ambiguous.tolist() == [True]
