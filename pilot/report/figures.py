"""Figures as people read them in any language: thousands apart, units that fit, no break before a unit."""

NO_BREAK = "\u00a0"
"""A space at which no line ends."""


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
            return f"{amount:.3g}{NO_BREAK}{unit}"
        amount /= 1000
    return f"{amount:.3g}{NO_BREAK}GB"


def duration(seconds: float) -> str:
    if seconds >= 100:
        return f"{seconds:,.0f}{NO_BREAK}s"
    if seconds >= 1:
        return f"{seconds:.3g}{NO_BREAK}s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g}{NO_BREAK}ms"
    return f"{seconds * 1e6:.3g}{NO_BREAK}µs"


def milliseconds(amount: float) -> str:
    return duration(amount / 1000)
