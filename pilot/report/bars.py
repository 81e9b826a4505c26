"""Stacked bars: counts as pieces of one length."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from schemas.checks import Part


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a stacked bar, in per cent of the longest bar's length."""

    kind: str
    count: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    part: Part
    answered: int
    segments: list[Segment]


def bar(part: Part, longest: int) -> Bar:
    counts = {"right": part.right, "wrong": part.wrong, "abstained": part.abstained}
    return Bar(part, part.right + part.wrong, stacked(counts, longest))


def worst_first(parts: Sequence[Part]) -> list[Bar]:
    """Those with most not right, then the largest."""
    longest = max(part.asked for part in parts)
    ordered = sorted(parts, key=lambda part: (part.right - part.asked, -part.asked, part.name))
    return [bar(part, longest) for part in ordered]


def stacked(counts: dict[str, int], longest: int) -> list[Segment]:
    """The counts one after the other, each as long as its share of `longest`."""
    ends = list(accumulate(counts.values()))
    return [
        Segment(kind, count, round(100 * (end - count) / longest, 3), round(100 * count / longest, 3))
        for (kind, count), end in zip(counts.items(), ends, strict=True)
    ]
