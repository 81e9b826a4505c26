"""A packed sequence reads as the list that it is made of, in any order and from any place."""

from hypothesis import given
from hypothesis import strategies as st

from service import packed
from service.packed import AT_ONCE, Packed, blocks_of

TEXTS = st.text(st.characters(exclude_categories=[]), max_size=4)  # lone surrogates too
ENTRIES = st.one_of(st.lists(TEXTS, max_size=30), st.lists(st.lists(TEXTS, max_size=3), max_size=30))


def spread(entries: list[object]) -> list[object]:
    """The entries in three places of a sequence of several blocks."""
    filler: list[object] = ["x" if not entries or isinstance(entries[0], str) else ["x"]]
    return [*entries, *filler * (AT_ONCE - 1), *entries, *filler * AT_ONCE, *entries]


@given(entries=ENTRIES, start=st.integers(0, 3 * AT_ONCE), length=st.integers(0, AT_ONCE + 9), at=st.integers(-9, 9))
def test_it_reads_as_its_list(entries: list[object], start: int, length: int, at: int) -> None:
    whole = spread(entries)
    sequence = Packed(whole)
    assert len(sequence) == len(whole)
    assert list(sequence) == whole
    assert [each for block in blocks_of(sequence) for each in block] == whole
    part, expected = sequence[start : start + length], whole[start : start + length]
    assert (len(part), list(part)) == (len(expected), expected)
    assert sequence[at] == whole[at]
    if -len(expected) <= at < len(expected):
        assert part[at] == expected[at]
        assert list(part[1:-1]) == expected[1:-1]


@given(pieces=st.lists(st.lists(TEXTS, max_size=5), max_size=8))
def test_it_grows_by_entries_and_by_many(pieces: list[list[str]]) -> None:
    sequence = Packed[str]()
    for piece in pieces:
        sequence.extend(piece)
        sequence.append("|")
    assert list(sequence) == [text for piece in pieces for text in [*piece, "|"]]


def test_memory_is_given_back_wherever_that_can_be_asked_for() -> None:
    packed.give_back()
