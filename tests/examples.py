"""The number of examples that a property is tried on."""

from typing import Any

from hypothesis import settings

_USUAL = settings.get_profile("default").max_examples


def examples(number: int, **others: Any) -> settings:
    """Return settings for `number` examples, the same ones every time.

    In a longer search for counterexamples (`make fuzz`) the number grows by the factor of the fuzz profile.
    """
    return settings(max_examples=number * max(1, settings().max_examples // _USUAL), **others)
