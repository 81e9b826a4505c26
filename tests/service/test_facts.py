"""Columns get the same numbers from a dict as from PyArrow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import facts
from service.facts import Kept, mark_repeats, number_texts, number_values, picker

TEXTS = st.lists(st.text(alphabet="aé本\ud800", max_size=2))
VALUES = st.lists(st.integers(-3, 3) | st.sampled_from([-(2**62), 2**40, 2**62]))


@pytest.mark.parametrize("large", [0, 10**6])
@given(TEXTS)
def test_texts_are_numbered_as_they_first_appear(large: int, texts: list[str]) -> None:
    """The number of a text is its place among the distinct ones, lone surrogates included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "LARGE_COLUMN", large)
        numbers, distinct = number_texts(texts)
        pick = picker(distinct)
    assert list(distinct) == list(dict.fromkeys(texts))
    assert [distinct[number] for number in numbers.tolist()] == texts
    assert pick(numbers) == texts
    assert list(distinct[1:-1]) == list(distinct)[1:-1]


@pytest.mark.parametrize("large", [0, 10**6])
@given(VALUES)
def test_values_are_numbered_as_they_first_appear(large: int, values: list[int]) -> None:
    """The number of an integer is its place among the distinct ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "LARGE_COLUMN", large)
        numbers, distinct = number_values(np.array(values, dtype=np.int64))
    assert distinct.tolist() == list(dict.fromkeys(values))
    assert distinct[numbers].tolist() == values


@pytest.mark.parametrize("kept", ["first", "last", "none"])
@given(VALUES)
def test_repeats_are_found(kept: Kept, values: list[int]) -> None:
    """Every entry that occurs more than once is marked, except the one that is kept."""
    spared = {"first": values.index, "last": lambda value: len(values) - 1 - values[::-1].index(value)}
    wanted = [
        values.count(value) > 1 and (kept == "none" or at != spared[kept](value)) for at, value in enumerate(values)
    ]
    assert mark_repeats(np.array(values, dtype=np.int64), kept).tolist() == wanted
