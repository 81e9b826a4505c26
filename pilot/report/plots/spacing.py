"""Place labels so that they do not overlap, by the approximate width of their text."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_STEPS = 40
_PIXELS = 12.5
_LINE = 15.0
WIDE, NARROW, HIGH = 560.0, 200.0, 230.0
"""The width of the frame on a desktop and on a phone, and its height, in pixels."""
GUTTER = 200.0
"""The space beside the frame for the names of lines, in pixels."""


def text_width(text: str) -> float:
    """Estimate the width of a text in pixels; a full-width character is as wide as it is high."""
    return sum(_PIXELS * (1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.56) for letter in text)


def spread_labels(places: Sequence[float]) -> list[float] | None:
    """Move one-line labels at these heights apart, in per cent of the frame.

    Returns None where a label would have to move so far that it might be read as that of another line.
    """
    least, most = 100 * _LINE / HIGH, 100 * 0.9 * _LINE / HIGH
    order = sorted(range(len(places)), key=lambda at: places[at])
    moved = [places[at] for at in order]
    for _ in range(20):
        for at, (above, below) in enumerate(pairwise(moved)):
            overlap = least - (below - above)
            if overlap > 0:
                moved[at], moved[at + 1] = above - overlap / 2, below + overlap / 2
    fits = all(below - above > 0.9 * least for above, below in pairwise(moved))
    near = all(abs(moved[at] - places[index]) <= most for at, index in enumerate(order))
    return [round(moved[order.index(at)], 2) for at in range(len(places))] if fits and near else None


def thin_labels(places: Sequence[float], texts: Sequence[str], across: float) -> list[int]:
    """Choose every label, every second one, and so on, so that they do not overlap along an axis of `across` pixels."""
    for every in range(1, len(places) + 1):
        kept = list(range(0, len(places), every))
        if all(_stand_apart(places, texts, left, right, across) for left, right in pairwise(kept)):
            return kept
    return []


def _stand_apart(places: Sequence[float], texts: Sequence[str], left: int, right: int, across: float) -> bool:
    needed = (text_width(texts[left]) + text_width(texts[right])) / 2 + 10
    return (places[right] - places[left]) / 100 * across >= needed


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in pixels of the wide frame."""

    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: "Box") -> bool:
        """Whether the two overlap or touch."""
        apart = self.right < other.left or other.right < self.left or self.bottom < other.top or other.bottom < self.top
        return not apart


@dataclass(frozen=True, slots=True)
class Note:
    """A text beside a mark at x, y; side: on which side of it."""

    x: float
    y: float
    side: str
    text: str


Places = Sequence[tuple[float, float]]


def place_notes(named: Iterable[tuple[float, float, str]], marks: Places, lines: Iterable[Places]) -> list[Note]:
    """Place the name of each mark on a free side of it; a name without a free side is left out."""
    taken = [_box_around(x, y, 6) for x, y in marks]
    taken += [_box_around(x, y, 1) for line in lines for x, y in _points_along(line)]
    written = []
    for x, y, text in named:
        for side, box in _boxes_beside(x / 100 * WIDE, y / 100 * HIGH, text_width(text)):
            if box.left >= 0 and box.top >= 0 and box.right <= WIDE + 20 and not any(map(box.touches, taken)):
                taken.append(box)
                written.append(Note(x, y, side, text))
                break
    return written


def _boxes_beside(x: float, y: float, size: float) -> Iterable[tuple[str, Box]]:
    """Yield the sides of a mark at x, y with the boxes of a text there, in pixels."""
    for side, left, middle in (
        ("right", x + 8, y),
        ("above", x - size / 2, y - 16),
        ("below", x - size / 2, y + 16),
        ("left", x - 8 - size, y),
    ):
        yield side, Box(left, middle - 7, left + size, middle + 7)


def _box_around(x: float, y: float, around: float) -> Box:
    across, down = x / 100 * WIDE, y / 100 * HIGH
    return Box(across - around, down - around, across + around, down + around)


def _points_along(line: Places) -> Iterable[tuple[float, float]]:
    for (x1, y1), (x2, y2) in pairwise(line):
        for step in range(_STEPS + 1):
            yield x1 + (x2 - x1) * step / _STEPS, y1 + (y2 - y1) * step / _STEPS
