"""The sections of number formats: what a code such as `#,##0;[Red]-#,##0` says, token by token."""

import re
from dataclasses import dataclass, field
from enum import Enum, auto

GENERAL = "General"
# The formats that files name by number alone. 27 to 36 and 50 to 58 are those of Japanese Excel.
_ERA_DATE, _ERA_LONG = "[$-411]ge.m.d", '[$-411]ggge"年"m"月"d"日"'
_MONTH, _DAY = 'yyyy"年"m"月"', 'm"月"d"日"'
_ACCOUNTING = '_-{0}* #,##0{1}_-;\\-{0}* #,##0{1}_-;_-{0}* "-"{2}_-;_-@_-'
BUILT_IN = {
    **dict(enumerate((GENERAL, "0", "0.00", "#,##0", "#,##0.00"))),
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


def split_sections(code: str) -> list[Section]:
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
