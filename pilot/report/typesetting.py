"""Typeset the text of the page: figures are not separated from their counter or unit, and exponents are raised.

Only text is changed; tags, titles, style sheets and code stay as they are.
"""

import re
from collections.abc import Iterator

_APART = re.compile(r"(<(?P<raw>style|title|pre|code)\b.*?</(?P=raw)>|<[^>]*>)", re.DOTALL)
_NUMBER = r"[−+]?[0-9][0-9,]*(?:\.[0-9]+)?万?(?: × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?"
_UNIT = "(?:[ \u00a0]?%|[ \u00a0](?:[kMG]?B|[mµ]?s)(?![A-Za-z]))?"
_COUNTER = (
    "(?:(?:ビット|バイト|ステップ|パーセンタイル|マイクロ秒|コア時間|段階|種類|通り|か月|行目|回目|時間"
    "|[件組問行個回倍乗秒分字台枚層月年日列])(?:以下|以上|未満|以内|目)?)?"
)
_FIGURE = f"{_NUMBER}{_UNIT}{_COUNTER}"
_TOGETHER = re.compile(
    rf"(?<![A-Za-z0-9&#.,])(?P<figure>{_FIGURE}(?:(?: / | of |[～–:／]){_FIGURE})*)"
    r"|(?P<name>\b[A-Za-z]+(?:-[A-Za-z0-9]+)+\b)"
)
_EXPONENT = re.compile(r"(?<=10)([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?<=[e2])\^(ε|−c)")
_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "−0123456789")
_LONGEST = 26
"""The most characters that fit into one line on a phone."""


def typeset(page: str) -> str:
    """Put spans of class `nowrap` around figures with their counters, fractions, ranges and hyphenated names, and `sup`
    around exponents.
    """
    return "".join(_typeset_parts(page))


def _typeset_parts(page: str) -> Iterator[str]:
    at = 0
    for apart in _APART.finditer(page):
        yield _typeset_text(page[at : apart.start()])
        yield apart.group()
        at = apart.end()
    yield _typeset_text(page[at:])


def _typeset_text(text: str) -> str:
    if not text or text.isspace():
        return text
    return _EXPONENT.sub(_raise_exponent, _TOGETHER.sub(_keep_together, text))


def _keep_together(found: re.Match[str]) -> str:
    words = found.group()
    plain = found["figure"] is not None and words.replace(",", "").replace(".", "").isdecimal()
    return words if plain or len(words) > _LONGEST else f'<span class="nowrap">{words}</span>'


def _raise_exponent(found: re.Match[str]) -> str:
    return f"<sup>{(found[1] or found[2]).translate(_DIGITS)}</sup>"
