"""Figures as people read them: thousands apart, units that fit, per cent that never rounds a miss away."""

from pilot.statistics import Interval, percent


def number(value: float) -> str:
    """58,845; 12.3; 0.081: three significant figures below a thousand, none lost in a whole number."""
    if isinstance(value, int) or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def size(octets: int) -> str:
    """Bytes in decimal units."""
    amount = float(octets)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} GB"


def duration(seconds: float) -> str:
    if seconds >= 100:
        return f"{seconds:,.0f} s"
    if seconds >= 1:
        return f"{seconds:.3g} s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.3g} µs"


def milliseconds(amount: float) -> str:
    return duration(amount / 1000)


def share(rate: float) -> str:
    """A rate as a percentage with two significant digits of its distance from 0 or from 1, whichever is nearer."""
    if rate <= 0 or rate >= 1:
        return "0 %" if rate <= 0 else "100 %"
    distance = 100 * min(rate, 1 - rate)
    decimals = max(0, 1 - _exponent(distance))
    return f"{100 * rate:.{decimals}f} %"


def of_all(part: float) -> str:
    """A share that was chosen, not measured: as short as it is."""
    return f"{100 * part:g} %"


def one_in(rate: float) -> str:
    """The n of `1 in n`: how a rare rate is said."""
    return f"{round(1 / rate):,}"


def span(ends: Interval) -> str:
    return f"{share(ends[0])} – {share(ends[1])}"


def _exponent(value: float) -> int:
    return int(f"{value:e}".split("e")[1])


FILTERS = {
    "number": number,
    "size": size,
    "duration": duration,
    "milliseconds": milliseconds,
    "of_all": of_all,
    "share": share,
    "one_in": one_in,
    "span": span,
}
__all__ = ["FILTERS", "duration", "number", "of_all", "one_in", "percent", "share", "size", "span"]
