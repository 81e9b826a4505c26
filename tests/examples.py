"""How many examples a property is tried on."""

from typing import Any

from hypothesis import settings

_USUAL = settings.get_profile("default").max_examples


def examples(number: int, **others: Any) -> settings:
    """`number` of them, the same ones every time; in a longer search for what breaks the property (`make fuzz`) as many
    times more as the profile has more than is usual.
    """
    return settings(max_examples=number * max(1, settings().max_examples // _USUAL), **others)
