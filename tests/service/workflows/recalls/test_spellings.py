"""A spelling stands for itself, for its NFC, or for the only name that folds alike."""

import pytest

from service.workflows.recalls.catalogue import Spellings

HELD = Spellings(["ABC", "Ae", "AE", "が", "Part-1"])


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("ABC", "ABC"),
        ("abc", "ABC"),
        ("ＡＢＣ", "ABC"),
        ("AE", "AE"),
        ("ae", None),
        ("か\u3099", "が"),
        ("part−1", "Part-1"),
        ("PART  1", None),
        ("", None),
    ],
)
def test_a_spelling_stands_for_at_most_one_name(spelling: str, name: str | None) -> None:
    """Several names that fold alike are nobody's."""
    assert HELD.stand_for(spelling) == name
