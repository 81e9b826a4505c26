"""Format figures for one language: shares in per cent, ranges, times, and every quantity in a suitable unit."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from pilot.statistics import Interval, percent

NO_BREAK = "\u00a0"
"""A space at which no line ends."""


def format_number(value: float) -> str:
    """Format as 58,845; 12.3; 0.081: whole numbers in full, others below a thousand with three significant figures."""
    if isinstance(value, int) or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def format_size(octets: int) -> str:
    """Format bytes in decimal units."""
    amount = float(octets)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.3g}{NO_BREAK}{unit}"
        amount /= 1000
    return f"{amount:.3g}{NO_BREAK}GB"


def format_duration(seconds: float) -> str:
    """Format seconds as s, ms or µs."""
    if seconds >= 100:
        return f"{seconds:,.0f}{NO_BREAK}s"
    if seconds >= 1:
        return f"{seconds:.3g}{NO_BREAK}s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g}{NO_BREAK}ms"
    return f"{seconds * 1e6:.3g}{NO_BREAK}µs"


def format_milliseconds(amount: float) -> str:
    """Format milliseconds as s, ms or µs."""
    return format_duration(amount / 1000)


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NOT_MEASURED = "–"


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How one language writes figures.

    percent_sign: what follows a figure in per cent; to: what separates the ends of a range; myriad: the word for ten
    thousand in a round figure, or empty; clock: the formats of a time by name, and the offset from UTC in hours.
    """

    percent_sign: str
    to: str
    myriad: str
    clock: dict[str, Any]

    def share(self, rate: float) -> str:
        """Format a rate in per cent, with two significant digits of its distance from 0 or 1, whichever is nearer."""
        return _in_hundred(rate) + self.percent_sign

    def of_all(self, part: float) -> str:
        """Format a share that was chosen, not measured, in per cent, without further digits."""
        return format_plain(round(100 * part, 12)) + self.percent_sign

    def percent(self, k: int, n: int) -> str:
        """Format `k` of `n` in per cent, never rounded to 0 or to 100; an en dash for n = 0."""
        return percent(k, n).replace(" %", self.percent_sign)

    def span(self, ends: Interval) -> str:
        """Format an interval of a rate; the sign follows the second end."""
        return self.range(_in_hundred(ends[0]), self.share(ends[1]))

    def range(self, low: str, high: str) -> str:
        """Join two figures to a range."""
        return f"{low}{self.to}{high}"

    def one_in(self, rate: float) -> str:
        """Format the n of `1 in n`, for a rare rate."""
        n = round(1 / rate)
        rounded = self.myriad and n and n % 10_000 == 0
        return f"{n // 10_000:,}{self.myriad}" if rounded else f"{n:,}"

    def moment(self, at: datetime, form: str) -> str:
        """Format a time in the zone of the language, with its name; `form` is `date`, `second` or `time`."""
        zone = timezone(timedelta(hours=self.clock["offset"]))
        return str(self.clock[form]).format(at=at.astimezone(zone))

    def shown(self, value: float | str | None, quantity: str) -> str:
        """Format a figure in the unit that the last word of its quantity's code names; an en dash for None."""
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
        """Return the formats by name, as filters of the templates."""
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
    """Return the number format of the language of this prose."""
    marks = prose["marks"]
    return NumberFormat(marks["percent"], marks["to"], marks["myriad"], prose["clock"])


def _in_hundred(rate: float) -> str:
    if rate <= 0 or rate >= 1:
        return "0" if rate <= 0 else "100"
    distance = 100 * min(rate, 1 - rate)
    decimals = max(0, 1 - int(f"{distance:e}".split("e")[1]))
    return f"{100 * rate:.{decimals}f}"


def format_plain(value: float) -> str:
    """Format as 58,845; 12.3; 0.081; 3 × 10⁻⁷."""
    if value == round(value):
        return _short(round(value))
    if abs(value) >= 999.5:
        return format_number(round(value))
    if abs(value) >= 1e-3:
        return format_number(value)
    digits, power = f"{value:.1e}".split("e")
    return _scientific(digits.removesuffix(".0"), int(power))


def _short(value: int) -> str:
    """Format a whole number in full below 10⁹, else by a power of ten."""
    if abs(value) < 10**9:
        return format_number(value)
    power = int(math.log10(abs(value)))
    return _scientific(format_number(value / 10**power), power)


def _scientific(digits: str, power: int) -> str:
    of_ten = f"10{str(power).translate(_SUPERSCRIPTS)}"
    return of_ten if digits == "1" else f"{digits} × {of_ten}"
