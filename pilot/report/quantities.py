"""Figures of one language: shares in per cent, ranges, moments, and every quantity in the unit that fits."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from pilot.statistics import Interval, percent

NO_BREAK = "\u00a0"
"""A space at which no line ends."""


def format_number(value: float) -> str:
    """58,845; 12.3; 0.081: three significant figures below a thousand, none lost in a whole number."""
    if isinstance(value, int) or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def format_size(octets: int) -> str:
    """Bytes in decimal units."""
    amount = float(octets)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.3g}{NO_BREAK}{unit}"
        amount /= 1000
    return f"{amount:.3g}{NO_BREAK}GB"


def format_duration(seconds: float) -> str:
    if seconds >= 100:
        return f"{seconds:,.0f}{NO_BREAK}s"
    if seconds >= 1:
        return f"{seconds:.3g}{NO_BREAK}s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g}{NO_BREAK}ms"
    return f"{seconds * 1e6:.3g}{NO_BREAK}µs"


def format_milliseconds(amount: float) -> str:
    return format_duration(amount / 1000)


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NOT_MEASURED = "–"


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How one language writes figures.

    percent_sign: what follows a figure in per cent. to: what stands between the ends of a range. myriad: the word for
    ten thousand in a round figure, or nothing. clock: its forms of a
    moment by name, and its offset from UTC in hours.
    """

    percent_sign: str
    to: str
    myriad: str
    clock: dict[str, Any]

    def share(self, rate: float) -> str:
        """A rate in per cent with two significant digits of its distance from 0 or from 1, whichever is nearer."""
        return _in_hundred(rate) + self.percent_sign

    def of_all(self, part: float) -> str:
        """A share that was chosen, not measured, in per cent: as short as it is."""
        return format_plain(round(100 * part, 12)) + self.percent_sign

    def percent(self, k: int, n: int) -> str:
        """`k` of `n` in per cent, never rounded to 0 or to 100; an en dash where nothing was asked."""
        return percent(k, n).replace(" %", self.percent_sign)

    def span(self, ends: Interval) -> str:
        """The two ends of an interval of a rate; the sign follows the second."""
        return self.range(_in_hundred(ends[0]), self.share(ends[1]))

    def range(self, low: str, high: str) -> str:
        """Two figures as the ends of a range."""
        return f"{low}{self.to}{high}"

    def one_in(self, rate: float) -> str:
        """The n of `1 in n`: how a rare rate is said."""
        n = round(1 / rate)
        rounded = self.myriad and n and n % 10_000 == 0
        return f"{n // 10_000:,}{self.myriad}" if rounded else f"{n:,}"

    def moment(self, at: datetime, form: str) -> str:
        """A moment in the language's zone, which is named; `form` is `date`, `second` or `time`."""
        zone = timezone(timedelta(hours=self.clock["offset"]))
        return str(self.clock[form]).format(at=at.astimezone(zone))

    def shown(self, value: float | str | None, quantity: str) -> str:
        """A figure of this quantity, by the last word of its code; an en dash for what was not measured."""
        if value is None:
            return _NOT_MEASURED
        if isinstance(value, str):
            return value
        ending = quantity.rsplit("_", 1)[-1]
        if ending in _SHARES and 0 <= value <= 1:
            return self.share(value)
        text = _BY_ENDING.get(ending, format_plain)(value)
        return text.replace("-", "−", 1) if value < 0 else text

    def filters(self) -> dict[str, Callable[..., str]]:
        """Every form of a figure by its name, for the templates."""
        return {
            "number": format_number,
            "plain": format_plain,
            "size": format_size,
            "duration": format_duration,
            "milliseconds": format_milliseconds,
            "share": self.share,
            "of_all": self.of_all,
            "span": self.span,
            "range": self.range,
            "one_in": self.one_in,
            "moment": self.moment,
        }


_SHARES = {"share", "recall"}
_BY_ENDING: dict[str, Callable[[float], str]] = {
    "bytes": lambda value: format_size(round(value)),
    "seconds": format_duration,
    "ms": format_milliseconds,
}


def get_number_format(prose: dict[str, Any]) -> NumberFormat:
    """The figures of the language of this prose."""
    marks = prose["marks"]
    return NumberFormat(marks["percent"], marks["to"], marks["myriad"], prose["clock"])


def _in_hundred(rate: float) -> str:
    if rate <= 0 or rate >= 1:
        return "0" if rate <= 0 else "100"
    distance = 100 * min(rate, 1 - rate)
    decimals = max(0, 1 - int(f"{distance:e}".split("e")[1]))
    return f"{100 * rate:.{decimals}f}"


def format_plain(value: float) -> str:
    """58,845; 12.3; 0.081; 3 × 10⁻⁷."""
    if value == round(value):
        return _short(round(value))
    if abs(value) >= 999.5:
        return format_number(round(value))
    if abs(value) >= 1e-3:
        return format_number(value)
    digits, power = f"{value:.1e}".split("e")
    return _scientific(digits.removesuffix(".0"), int(power))


def _short(value: int) -> str:
    """Whole numbers as they are, below a thousand millions."""
    if abs(value) < 10**9:
        return format_number(value)
    power = int(math.log10(abs(value)))
    return _scientific(format_number(value / 10**power), power)


def _scientific(digits: str, power: int) -> str:
    of_ten = f"10{str(power).translate(_SUPERSCRIPTS)}"
    return of_ten if digits == "1" else f"{digits} × {of_ten}"
