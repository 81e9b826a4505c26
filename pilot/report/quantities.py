"""Figures by what they count: shares as per cent, bytes and seconds in units that fit, all else as numbers."""

import math
from collections.abc import Callable

from pilot.report.figures import duration, milliseconds, number, share, size

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_BY_ENDING: dict[str, Callable[[float], str]] = {
    "share": share,
    "recall": share,
    "bytes": lambda value: size(round(value)),
    "seconds": duration,
    "ms": milliseconds,
}


def shown(value: float | str | None, quantity: str) -> str:
    """A figure of this quantity, by the last word of its code; an en dash for what was not measured."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    form = _BY_ENDING.get(quantity.rsplit("_", 1)[-1], plain)
    text = plain(value) if form is share and not 0 <= value <= 1 else form(value)
    return text.replace("-", "−", 1) if value < 0 else text


def plain(value: float) -> str:
    """58,845; 12.3; 0.081; 3 × 10⁻⁷."""
    if value == round(value):
        return _short(round(value))
    if abs(value) >= 999.5:
        return number(round(value))
    if abs(value) >= 1e-3:
        return number(value)
    digits, power = f"{value:.1e}".split("e")
    return _scientific(digits.removesuffix(".0"), int(power))


def _short(value: int) -> str:
    """Whole numbers as they are, below a thousand millions."""
    if abs(value) < 10**9:
        return number(value)
    power = int(math.log10(abs(value)))
    return _scientific(number(value / 10**power), power)


def _scientific(digits: str, power: int) -> str:
    of_ten = f"10{str(power).translate(_SUPERSCRIPTS)}"
    return of_ten if digits == "1" else f"{digits} × {of_ten}"
