"""Number formats: what a cell shows, and which text is taken from it.

A format has up to four sections, for positive and negative numbers, zero and text, or for the numbers that meet its
conditions. The text that is taken keeps what makes a code one (`00000`: 02035) and leaves out what only dresses a
number (`#,##0"円"`); `Doubt` is what the cell shows where that is more than dress.
"""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from service.spreadsheet.moments import Moment, show_moment
from service.spreadsheet.sections import BUILT_IN, GENERAL, Section, Shape, split_sections

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# Numbers that are written with at most 15 digits as `write_number` writes them.
_SHORT = re.compile(r"-?(?=[0-9.]{1,16}$)(?:[1-9][0-9]{0,14}|(?:0|[1-9][0-9]*)\.(?!0000)[0-9]*[1-9])")
_WHOLE = re.compile(r"-?[1-9][0-9]{15}")
_EXACT_BELOW = 2**53  # up to here a whole number of more digits than Excel keeps is certain
_DIGITS = 15  # that Excel keeps of a number
_PLAIN_BELOW = 10**21
_EXACT = Context(prec=700)  # enough for every number that a cell can hold, times 10,000


class Doubt(NamedTuple):
    """A cell that is not simply its text.

    text: what is taken. cause: `shown` where the cell shows something else, or why nothing can be taken: `error`,
    `uncomputed`, `not_a_number` or `not_text`. shown: what it shows.
    """

    text: str
    cause: str
    shown: Callable[[], str] = str

    @property
    def is_taken(self) -> bool:
        return self.cause == "shown"


Entry = str | Doubt
"""What a cell says."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A number format. numbers: its sections for numbers, one at least; texts: that for text, if it has one.
    is_general: it is the format General and nothing else.
    """

    numbers: list[Section]
    texts: Section | None
    from_1904: bool
    is_general: bool

    @classmethod
    def of(cls, number: int, code: str | None, from_1904: bool) -> "NumberFormat":
        """Make the format of a number, with the code that the file gives it; unknown numbers are General."""
        code = code or BUILT_IN.get(number, GENERAL)
        numbers, texts = split_sections(code), None
        if len(numbers) > 3 or numbers[-1].names("sign", "@"):
            texts = numbers.pop()
        numbers = numbers[:3] or split_sections(code.replace("@", GENERAL))
        is_general = [section.tokens for section in numbers] == [[("general", GENERAL)]]
        return cls(numbers, texts, from_1904, is_general)

    @property
    def labels_texts(self) -> bool:
        """Whether a cell of this format shows more than its text, or none of it."""
        return self.texts is not None and self.texts.tokens != [("sign", "@")]

    def take_text(self, text: str) -> Entry:
        """The entry for a text cell, whose text is taken as it is."""
        shown = "".join(
            text if (kind, held) == ("sign", "@") else held if kind == "literal" else ""
            for kind, held in (self.texts.tokens if self.texts else [("sign", "@")])
        )
        return text if shown.strip() == text.strip() else Doubt(text, "shown", lambda: shown)

    def take(self, raw: str) -> Entry:
        """The entry for a number as it stands in the file."""
        if self.is_general and _SHORT.fullmatch(raw):
            return raw
        if not _NUMBER.fullmatch(raw) or math.isinf(value := float(raw)):
            return Doubt(raw, "not_a_number")
        text = write_number(value)
        if _WHOLE.fullmatch(raw) and abs(value) < _EXACT_BELOW and raw != text:
            return Doubt(raw, "shown", lambda: text)
        if self.is_general:
            return text
        section, is_signed = self._choose(value)
        if section.shape is Shape.MOMENT:
            return self._take_moment(section, value, text)
        show = partial(_show_number, section, text, is_signed=is_signed)
        if section.shape is Shape.CODE and text.isdigit():
            return show()
        if section.shape is Shape.PERCENT:
            text = _write_percentage(section, text)
        loses_sign = value < 0 and not is_signed and not section.has_minus
        differs = section.labels or loses_sign or not _shows_all(section, text, show)
        return Doubt(text, "shown", show) if differs else text

    def _choose(self, value: float) -> tuple[Section, bool]:
        """The section for a number, and whether Excel puts a sign before a negative one in it."""
        sections = self.numbers
        if len(sections) == 1:
            return sections[0], True
        sign, bound = sections[0].condition or ((">" if len(sections) > 2 else ">="), 0.0)
        if _COMPARE[sign](value, bound):
            return sections[0], True
        sign, bound = sections[1].condition or ("<", 0.0)
        if len(sections) == 2 or _COMPARE[sign](value, bound):
            return sections[1], not (sign.startswith("<") and bound <= 0)
        return sections[2], True

    def _take_moment(self, section: Section, value: float, text: str) -> Entry:
        moment = Moment.of(value, section.parts, self.from_1904)
        show = partial(show_moment, section, moment, value)
        if not moment.exists:
            return Doubt(text, "shown", show)
        taken = moment.write()
        return taken if moment.is_shown_by(section.parts) else Doubt(taken, "shown", show)


def _shows_all(section: Section, text: str, show: Callable[[], str]) -> bool:
    """Whether a section without labels shows the number that is taken, grouping and zeros at its end apart."""
    if section.shape is Shape.GENERAL:
        return True
    if section.shape in (Shape.OTHER, Shape.CODE) or section.thousands or "e" in text:
        return _simplify(show()) == text
    whole, _, decimals = text.strip("-%").partition(".")
    digits = 0 if whole == "0" else len(whole)
    return len(decimals) <= section.most_decimals and max(digits, min(section.whole, 1)) >= max(section.whole, 1)


def write_number(value: float) -> str:
    """A number with the 15 significant digits that Excel keeps: plain below 10^21, `1e-07` where it is very small."""
    text = f"{value:.{_DIGITS}g}"
    if "e+" in text and abs(value) < _PLAIN_BELOW:
        return f"{Decimal(text):f}"
    return "0" if text == "-0" else text


def _count_decimals(text: str) -> int:
    return len(text.rstrip("%").partition(".")[2])


def _write_percentage(section: Section, text: str) -> str:
    """The percentage with all its digits, and at least the decimals that the format always shows."""
    whole, _, decimals = f"{Decimal(text).scaleb(2 * section.percents, _EXACT):f}".partition(".")
    decimals = decimals.rstrip("0").ljust(section.decimals, "0")
    return f"{whole}.{decimals}%" if decimals else f"{whole}%"


def _simplify(shown: str) -> str:
    """A shown number without grouping, spaces, a power of ten, and zeros at the end of its decimals."""
    plain = shown.replace(",", "").replace(" ", "")
    if "E" in plain:
        return write_number(float(plain))
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _show_number(section: Section, text: str, *, is_signed: bool) -> str:
    if section.names("numerals"):
        return section.code
    number = abs(Decimal(text)).scaleb(2 * section.percents - 3 * section.thousands, _EXACT)
    if section.names("general"):
        filled = {at: text.lstrip("-") for at, (kind, _) in enumerate(section.tokens) if kind == "general"}
    elif section.names("exponent") or section.names("sign", "/"):
        filled = _fill_at_once(section, number)
    else:
        filled = _fill_places(section, number)
    kept = {"literal", "currency"}
    body = "".join(
        filled.get(at, held if kind in kept or (kind, held) == ("sign", "%") else "")
        for at, (kind, held) in enumerate(section.tokens)
    )
    return f"-{body}" if is_signed and text.startswith("-") else body


def _fill_at_once(section: Section, number: Decimal) -> dict[int, str]:
    """The text of a number in scientific notation or with a fraction, at the first of its places."""
    first = next((at for at, (kind, _) in enumerate(section.tokens) if kind == "digit"), 0)
    if section.names("exponent"):
        return {first: f"{float(number):.{section.most_decimals}E}"}
    slash = section.tokens.index(("sign", "/"))
    most = 10 ** sum(kind == "digit" for kind, _ in section.tokens[slash:]) - 1
    whole, part = divmod(Fraction(number), 1)
    part = part.limit_denominator(max(most, 1))
    return {first: f"{whole + part}" if part in (0, 1) else f"{whole or ''} {part}".strip()}


def _fill_places(section: Section, number: Decimal) -> dict[int, str]:
    """The digits at the places of a section: the first takes all that are left, `0` shows zeros where none are."""
    places = Decimal(1).scaleb(-section.most_decimals)
    whole, _, decimals = f"{number.quantize(places, ROUND_HALF_UP, context=_EXACT):f}".partition(".")
    whole, decimals = whole.lstrip("0").rjust(section.whole, "0"), decimals.rstrip("0").ljust(section.decimals, "0")
    point = section.tokens.index(("sign", ".")) if ("sign", ".") in section.tokens else len(section.tokens)
    digits = [at for at, (kind, _) in enumerate(section.tokens) if kind == "digit"]
    before, behind = [at for at in digits if at < point], [at for at in digits if at > point]
    filled = dict(zip(behind, [*decimals, *[""] * len(behind)], strict=False))
    if point < len(section.tokens):
        filled[point] = "."
    if section.groups and before:
        filled[before[0]] = f"{int(whole or 0):,}" if whole else ""
    else:
        for at in reversed(before[1:]):
            filled[at], whole = whole[-1:], whole[:-1]
        filled |= dict.fromkeys(before[:1], whole)
    return filled
