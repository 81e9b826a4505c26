"""Number formats: what a cell shows, and which text is taken from it.

A format has up to four sections, for positive and negative numbers, zero and text, or for the numbers that meet its
conditions. The text that is taken keeps what makes a code one (`00000`: 02035) and leaves out what only dresses a
number (`#,##0"円"`); `Doubt` is what the cell shows where that is more than dress.
"""

import datetime as dt
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import Enum, auto
from fractions import Fraction
from functools import partial
from typing import NamedTuple

_GENERAL = "General"
# The formats that files name by number alone. 27 to 36 and 50 to 58 are those of Japanese Excel.
_ERA_DATE, _ERA_LONG = "[$-411]ge.m.d", '[$-411]ggge"年"m"月"d"日"'
_MONTH, _DAY = 'yyyy"年"m"月"', 'm"月"d"日"'
_ACCOUNTING = '_-{0}* #,##0{1}_-;\\-{0}* #,##0{1}_-;_-{0}* "-"{2}_-;_-@_-'
_BUILT_IN = {
    **dict(enumerate((_GENERAL, "0", "0.00", "#,##0", "#,##0.00"))),
    **dict(enumerate(('"¥"#,##0;\\-"¥"#,##0', '"¥"#,##0;[Red]\\-"¥"#,##0', '"¥"#,##0.00;\\-"¥"#,##0.00'), start=5)),
    8: '"¥"#,##0.00;[Red]\\-"¥"#,##0.00',
    **dict(enumerate(("0%", "0.00%", "0.00E+00", "# ?/?", "# ??/??"), start=9)),
    **dict(enumerate(("yyyy/m/d", "d-mmm-yy", "d-mmm", "mmm-yy", "h:mm AM/PM", "h:mm:ss AM/PM"), start=14)),
    **dict(enumerate(("h:mm", "h:mm:ss", "yyyy/m/d h:mm"), start=20)),
    **dict(enumerate((_ERA_DATE, _ERA_LONG, _ERA_LONG, "m/d/yy", 'yyyy"年"m"月"d"日"', 'h"時"mm"分"'), start=27)),
    **dict(enumerate(('h"時"mm"分"ss"秒"', _MONTH, _DAY, _ERA_DATE), start=33)),
    **dict(enumerate(("#,##0;\\-#,##0", "#,##0;[Red]\\-#,##0", "#,##0.00;\\-#,##0.00"), start=37)),
    40: "#,##0.00;[Red]\\-#,##0.00",
    41: _ACCOUNTING.format("", "", ""),
    42: _ACCOUNTING.format('"¥"', "", ""),
    43: _ACCOUNTING.format("", ".00", "??"),
    44: _ACCOUNTING.format('"¥"', ".00", "??"),
    **dict(enumerate(("mm:ss", "[h]:mm:ss", "mm:ss.0", "##0.0E+0", "@"), start=45)),
    **dict(enumerate((_ERA_DATE, _ERA_LONG, _MONTH, _DAY, _ERA_LONG, _MONTH, _DAY, _ERA_DATE, _ERA_LONG), start=50)),
}

_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)"?
    | \\(?P<escaped>.)
    | (?P<blank>[_*].)
    | \[(?P<bracket>[^\]]*)\]
    | (?P<general>General|G/標準)
    | (?P<half>AM/PM|A/P|午前/午後|上午/下午)
    | (?P<exponent>E[+-])
    | (?P<date>y+|m+|d+|h+|s+|g+|e+|b{2,4}|a{3,4})
    | (?P<digit>[0#?])
    | (?P<sign>[.,%/@;])
    | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9.]+(?:E[+-]?[0-9]+)?)", re.IGNORECASE)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_CURRENCY = re.compile(r"\$([^-]*)(?:-.*)?")
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
_DAY_MS = 24 * 60 * 60 * 1000
_LEAP_DAY = 60  # 1900-02-29, which Excel counts and no calendar has
_FROM_1904 = 1462  # days between the two ways of counting
_END = 2_958_466  # the first day of the year 10000
_EXACT = Context(prec=700)  # enough for every number that a cell can hold, times 10,000
_ERAS = (
    (dt.date(2019, 5, 1), "R", "令和"),
    (dt.date(1989, 1, 8), "H", "平成"),
    (dt.date(1926, 12, 25), "S", "昭和"),
    (dt.date(1912, 7, 30), "T", "大正"),
    (dt.date(1868, 1, 25), "M", "明治"),
)


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

Token = tuple[str, str]


class Shape(Enum):
    """The kinds of sections, by which the text of a number is chosen."""

    GENERAL = auto()
    MOMENT = auto()
    PERCENT = auto()
    CODE = auto()  # `0` and literal text alone
    PLAIN = auto()  # digits, a point and grouping alone
    OTHER = auto()


@dataclass(slots=True)
class Section:
    """One section of a format: its text, its tokens, the condition on its numbers, and what follows from them.

    whole, decimals: the digits that are always shown before and after the point; most_decimals: with those that may be.
    percents, thousands: how often the number is multiplied by 100 and divided by 1,000. labels: it shows more than a
    number. parts: the units of date and time that it shows.
    """

    code: str = ""
    tokens: list[Token] = field(default_factory=list)
    condition: tuple[str, float] | None = None
    shape: Shape = Shape.OTHER
    whole: int = 0
    decimals: int = 0
    most_decimals: int = 0
    percents: int = 0
    thousands: int = 0
    groups: bool = False
    labels: bool = False
    has_minus: bool = False
    parts: str = ""

    def names(self, kind: str, text: str | None = None) -> bool:
        return any(name == kind and text in (None, held) for name, held in self.tokens)


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
        code = code or _BUILT_IN.get(number, _GENERAL)
        numbers, texts = _split_sections(code), None
        if len(numbers) > 3 or numbers[-1].names("sign", "@"):
            texts = numbers.pop()
        numbers = numbers[:3] or _split_sections(code.replace("@", _GENERAL))
        is_general = [section.tokens for section in numbers] == [[("general", _GENERAL)]]
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
        show = partial(_show_moment, section, moment, value)
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


@dataclass(frozen=True, slots=True)
class Moment:
    """A serial number as a moment. day: the number of its day, None for a time of day or a duration; ms: of that day,
    or in all. is_duration: it may have more than 24 hours. exists: whether a calendar has it.
    """

    day: int | None
    ms: int
    from_1904: bool
    is_duration: bool = False
    exists: bool = True

    @classmethod
    def of(cls, value: float, parts: str, from_1904: bool) -> "Moment":
        """Round a serial number to a thousandth of a second, the finest that Excel shows, and split off the day."""
        if abs(value) >= _END:
            return cls(None, 0, from_1904, exists=False)
        ms = round(value * _DAY_MS)
        if "E" in parts:
            return cls(None, ms, from_1904, is_duration=True)
        day, ms = divmod(ms, _DAY_MS)
        if 0 <= value < 1 and not set("YMD") & set(parts):
            return cls(None, ms, from_1904)
        exists = 0 <= day < _END - _FROM_1904 if from_1904 else 1 <= day < _END and day != _LEAP_DAY
        return cls(day, ms, from_1904, exists=exists)

    @property
    def date(self) -> dt.date | None:
        if self.day is None or not self.exists:
            return None
        days = self.day + (_FROM_1904 if self.from_1904 else int(self.day < _LEAP_DAY))
        return dt.date(1899, 12, 30) + dt.timedelta(days)

    @property
    def clock(self) -> tuple[int, int, int, int]:
        """Hours, minutes, seconds and thousandths."""
        seconds, ms = divmod(abs(self.ms), 1000)
        minutes, seconds = divmod(seconds, 60)
        return minutes // 60, minutes % 60, seconds, ms

    def write(self) -> str:
        """Write it by ISO 8601; a day at midnight is a date."""
        hours, minutes, seconds, ms = self.clock
        sign = "-" if self.ms < 0 else ""
        fraction = f".{ms:03}000" if ms else ""
        time = f"{sign}{hours:0{1 if self.is_duration else 2}}:{minutes:02}:{seconds:02}{fraction}"
        if not (day := self.date):
            return time
        return f"{day.isoformat()}T{time}" if self.ms else day.isoformat()

    def is_shown_by(self, parts: str) -> bool:
        """Whether a format with these parts shows all that `write` says."""
        *_, seconds, ms = self.clock
        wanted = "" if self.day is None else "YMD"
        if self.day is None or self.ms:
            wanted += "HN" + "S" * bool(seconds or ms) + "F" * bool(ms)
        return set(wanted) <= set(parts)


def write_moment(moment: dt.datetime) -> str:
    """Write a moment that a file holds as text, as those that it holds as numbers are written."""
    day, time = moment.date().isoformat(), moment.time().isoformat()
    return f"{day}T{time}" if moment.time() != dt.time() else day


def _split_sections(code: str) -> list[Section]:
    sections = [Section()]
    for match in _TOKEN.finditer(code):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0]
        if (kind, text) == ("sign", ";"):
            sections.append(Section())
            continue
        sections[-1].code += match[0]
        if kind == "bracket":
            _read_bracket(sections[-1], text)
        elif kind in ("quoted", "escaped", "other"):
            sections[-1].tokens.append(("literal", text))
        elif kind != "blank":
            sections[-1].tokens.append((kind, text.lower() if kind == "date" else text))
    for at, section in enumerate(sections):
        _describe(section, is_negative=at == 1)
    return sections


def _read_bracket(section: Section, text: str) -> None:
    """Read `[h]`, `[<100]`, `[$¥-411]` or `[DBNum1]`; colours and the rest change nothing that is said."""
    if _ELAPSED.fullmatch(text):
        section.tokens.append(("elapsed", text.lower()))
    elif condition := _CONDITION.fullmatch(text):
        section.condition = condition[1], float(condition[2])
    elif (currency := _CURRENCY.fullmatch(text)) and currency[1]:
        section.tokens.append(("currency", currency[1]))
    elif text.upper().startswith("DBNUM"):
        section.tokens.append(("numerals", text))


def _describe(section: Section, *, is_negative: bool) -> None:
    """Find out what a section shows from its tokens."""
    kinds = {kind for kind, _ in section.tokens}
    if kinds & {"date", "elapsed", "half"}:
        section.shape = Shape.MOMENT
        _tell_minutes_from_months(section.tokens)
        section.parts = _list_parts(section.tokens)
        return
    digits = [at for at, (kind, _) in enumerate(section.tokens) if kind == "digit"]
    point = section.tokens.index(("sign", ".")) if ("sign", ".") in section.tokens else len(section.tokens)
    last = max((at for at in digits if at < point), default=-1)
    section.whole = sum(section.tokens[at][1] == "0" for at in digits if at < point)
    end = next((at for at, (kind, _) in enumerate(section.tokens) if kind == "exponent"), len(section.tokens))
    section.decimals = sum(section.tokens[at][1] == "0" for at in digits if point < at < end)
    section.most_decimals = sum(point < at < end for at in digits)
    section.percents = section.tokens.count(("sign", "%"))
    commas = [at for at, token in enumerate(section.tokens) if token == ("sign", ",")]
    section.thousands = sum(at > last for at in commas) if digits else 0
    section.groups = any(at < last for at in commas)
    literals = [text for kind, text in section.tokens if kind == "literal" and text.strip()]
    section.has_minus = is_negative and section.tokens[:1] == [("literal", "-")]
    section.labels = bool(kinds & {"currency", "numerals"}) or literals[section.has_minus :] != []
    if "general" in kinds:
        section.shape = Shape.GENERAL
    elif section.percents:
        section.shape = Shape.PERCENT
    elif digits and all(kind == "literal" or (kind, text) == ("digit", "0") for kind, text in section.tokens):
        section.shape = Shape.CODE
    elif digits and not (kinds & {"exponent"} or ("sign", "/") in section.tokens):
        section.shape = Shape.PLAIN


def _tell_minutes_from_months(tokens: list[Token]) -> None:
    """`m` is minutes behind hours and before seconds, and written `n` from here on."""
    units = [at for at, (kind, _) in enumerate(tokens) if kind in ("date", "elapsed")]
    for before, at, after in zip([None, *units], units, [*units[1:], None], strict=False):
        kind, text = tokens[at]
        behind_hours = before is not None and tokens[before][1].startswith("h")
        before_seconds = after is not None and tokens[after][1].startswith("s")
        if text in ("m", "mm") and (kind == "elapsed" or behind_hours or before_seconds):
            tokens[at] = kind, "n" * len(text)


_PARTS = {"y": "Y", "e": "Y", "b": "Y", "m": "M", "h": "H", "n": "N", "s": "S", "d": "D", "dd": "D"}
_ELAPSED_PARTS = {"h": "EH", "m": "EHN", "n": "EHN", "s": "EHNS"}


def _list_parts(tokens: list[Token]) -> str:
    """The units that a section for moments shows: Y M D H N S, F for fractions of a second, E for elapsed time."""
    parts = ""
    for kind, text in tokens:
        if kind == "date":
            parts += _PARTS.get(text) or _PARTS.get(text[0], "") * (text[0] != "d")
        elif kind == "elapsed":
            parts += _ELAPSED_PARTS[text[0]]
        elif (kind, text) == ("digit", "0"):
            parts += "F"
    return parts or "H"


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


def _show_moment(section: Section, moment: Moment, value: float) -> str:
    """What a section shows of a moment; Excel fills the cell where no day is it, but counts a day 0 and a leap day."""
    year, month, day = (moment.date or dt.date(1900, 1, 1)).timetuple()[:3]
    if not moment.exists:
        if moment.day not in (0, _LEAP_DAY) or value < 0:
            return "#####"
        month, day = (2, 29) if moment.day else (1, 0)
    hours, minutes, seconds, ms = moment.clock
    era, letter, since = next(
        ((name, sign, year - start.year + 1) for start, sign, name in _ERAS if (moment.date or dt.date.min) >= start),
        ("", "", year),
    )
    weekday = moment.date.weekday() if moment.date else 0
    hour = (hours % 12 or 12) if section.names("half") else hours % 24
    units = {
        "yyyy": f"{year}",
        "yyy": f"{year}",
        "yy": f"{year % 100:02}",
        "y": f"{year % 100:02}",
        "bb": f"{(year + 543) % 100:02}",
        "bbb": f"{year + 543}",
        "bbbb": f"{year + 543}",
        "g": letter,
        "gg": era[:1],
        "ggg": era,
        "e": f"{since}",
        "ee": f"{since:02}",
        "m": f"{month}",
        "mm": f"{month:02}",
        "mmm": _MONTHS[month - 1][:3],
        "mmmm": _MONTHS[month - 1],
        "mmmmm": _MONTHS[month - 1][:1],
        "d": f"{day}",
        "dd": f"{day:02}",
        "ddd": _WEEKDAYS[weekday][:3],
        "dddd": _WEEKDAYS[weekday],
        "aaa": _KANJI_DAYS[weekday],
        "aaaa": f"{_KANJI_DAYS[weekday]}曜日",
        "h": f"{hour}",
        "hh": f"{hour:02}",
        "n": f"{minutes}",
        "nn": f"{minutes:02}",
        "s": f"{seconds}",
        "ss": f"{seconds:02}",
    }
    elapsed = {"h": hours, "n": hours * 60 + minutes, "s": (hours * 60 + minutes) * 60 + seconds}
    fraction = iter(f"{ms:03}")
    shown = "-" if moment.ms < 0 else ""
    for kind, text in section.tokens:
        if kind == "date":
            shown += units.get(text, "")
        elif kind == "elapsed":
            shown += f"{elapsed[text[0]]:0{len(text)}}"
        elif kind == "half":
            shown += "PM" if hours % 24 >= 12 else "AM"
        else:
            shown += next(fraction, "0") if kind == "digit" else text
    return shown


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KANJI_DAYS = "月火水木金土日"
