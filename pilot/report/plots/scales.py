"""Scales of axes: they turn values into places from 0 to 100, and choose the few values that are labelled."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from schemas.experiments import Axis

_MARGIN = 0.04
"""The share of an axis that stays free at either end, so that no mark lies on the frame."""
_ZERO = 9.0
"""The place of the smallest positive value on a logarithmic axis that also has zeros, which lie below it."""
_MOST_TICKS = 6
_FAR = 0.8
"""Where all values exceed this share of the largest one, a linear axis of levels need not begin at zero."""


class Scale(Protocol):
    """What every scale can do."""

    def place(self, value: float) -> float:
        """Return the place of a value along the axis, from 0 to 100."""
        ...

    def ticks(self) -> list[float]:
        """Return the values to label."""
        ...


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear scale; ticks are multiples of `step`."""

    low: float
    high: float
    step: float

    def place(self, value: float) -> float:
        return _percent((value - self.low) / (self.high - self.low))

    def ticks(self) -> list[float]:
        return _multiples(self.step, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Log:
    """A logarithmic scale. zeros: some values are not positive; they lie at the lower end, apart from the rest."""

    low: float
    high: float
    zeros: bool

    def place(self, value: float) -> float:
        if value < self.low:
            return 0.0
        start = _ZERO / 100 if self.zeros else 0.0
        along = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return _percent(start + (1 - start) * along)

    def ticks(self) -> list[float]:
        return ([0.0] if self.zeros else []) + _log_ticks(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Category:
    """A scale of categories: bands of equal width, one for each number."""

    numbers: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many bands there are."""
        return len(self.numbers)

    def place(self, value: float) -> float:
        return _percent((self.numbers.index(round(value)) + 0.5) / self.count)

    def ticks(self) -> list[float]:
        return [float(number) for number in self.numbers]

    @property
    def band(self) -> float:
        """The width of a band, in per cent of the axis."""
        return 100 / self.count


def fit_scale(axis: Axis, values: Iterable[float], *, levels: bool) -> Scale:
    """Fit a scale to the values; without any, return an arbitrary one.

    levels: whether a value is read by its distance from zero, so that a linear axis begins there unless all values are
    far from it.
    """
    found = [value for value in values if math.isfinite(value)]
    if axis.scale == "category":
        return Category(tuple(sorted({round(value) for value in found})))
    if axis.scale == "log":
        return _fit_log(found)
    return _fit_levels(found or [0.0, 1.0]) if levels else _fit_linear(found or [0.0, 1.0])


def _fit_levels(values: list[float]) -> Linear:
    """Fit a linear scale whose ends are ticks."""
    low, high = min(values), max(values)
    if 0 <= low <= _FAR * high or low == high > 0:
        low = 0.0
    if low == high:
        low, high = min(low, 0.0), max(low, 0.0) or 1.0
    step = _round_up((high - low) / 4)
    return Linear(step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9), step)


def _fit_linear(values: list[float]) -> Linear:
    """Fit a linear scale to the range of the values with a margin; it begins at zero where that is near."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1, high + 1
    start = 0.0 if 0 <= low <= high / 10 else low - _MARGIN * (high - low)
    return Linear(start, high + _MARGIN * (high - low), _round_up((high - low) / 4))


def _fit_log(values: list[float]) -> Log:
    positive = [value for value in values if value > 0] or [1.0, 10.0]
    low, high = min(positive), max(positive)
    widened = max(2.0, high / low) / (high / low)
    low, high = low / math.sqrt(widened), high * math.sqrt(widened)
    margin = (high / low) ** _MARGIN
    return Log(low / margin, high * margin, zeros=any(value <= 0 for value in values))


def _log_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten; where there are few, also their doubles and fivefolds; else evenly spaced values."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 2, 5)):
        ticks = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
        if len(ticks) >= 3:
            return ticks[:: math.ceil(len(ticks) / _MOST_TICKS)]
    return _multiples(_round_up((high - low) / 4), low, high)


def _multiples(step: float, low: float, high: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(at * step, 12) for at in range(first, last + 1)]


def _round_up(step: float) -> float:
    """Round up to 1, 2, 2.5 or 5 times a power of ten, but not to 2.5 itself, since counts have no halves."""
    power = 10.0 ** math.floor(math.log10(step))
    factors = (1, 2, 5, 10) if power == 1 else (1, 2, 2.5, 5, 10)
    return next(power * factor for factor in factors if power * factor >= step * (1 - 1e-9))


def _percent(share: float) -> float:
    return round(100 * min(max(share, 0.0), 1.0), 2)
