"""Generalising and masking answers: a date becomes its year, an address its prefecture, a number its band.

Each function takes one answer and returns the coarser one, or None where the answer is not of the expected kind, in
which case it is not kept. An answer that is coarse already is returned unchanged.
"""

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from schemas.policies import Generalise
from service.facts import WHITE_SPACE
from service.ingest.privacy.personal_kinds import PREFECTURE

_DAY = r"(?:[12]\d|3[01]|0?[1-9])"
_MONTH = r"(?:1[0-2]|0?[1-9])"
_MONTH_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"(?P<year>\d{{4}})(?:年(?:{_MONTH}月(?:{_DAY}日)?)?|[-/.]{_MONTH}(?:[-/.]{_DAY}(?:[T ]\S+)?)?"
    r"|(?:0\d|1[0-2])[0-3]\d)?"
    rf"|(?:{_DAY}[-/.]{_MONTH}|{_MONTH}[-/.]{_DAY})[-/.](?P<last>\d{{4}})"
    rf"|(?:{_DAY}(?:st|nd|rd|th)?\s+{_MONTH_NAME}|{_MONTH_NAME}(?:\s+{_DAY}(?:st|nd|rd|th)?)?),?\s+(?P<named>\d{{4}})"
    rf"|(?P<era>明治|大正|昭和|平成|令和|[mtshr])\s?(?P<of>元|\d{{1,2}})(?:年(?:{_MONTH}月{_DAY}日)?|[./-]{_MONTH}[./-]{_DAY})",
    re.ASCII | re.IGNORECASE,
)
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_ERAS |= dict(zip("mtshr", _ERAS.values(), strict=True))

_ROMAN_PREFECTURE = re.compile(
    r"\b(Hokkaido|Aomori|Iwate|Miyagi|Akita|Yamagata|Fukushima|Ibaraki|Tochigi|Gunma|Saitama|Chiba|Tokyo|Kanagawa|Niigata"
    r"|Toyama|Ishikawa|Fukui|Yamanashi|Nagano|Gifu|Shizuoka|Aichi|Mie|Shiga|Kyoto|Osaka|Hyogo|Nara|Wakayama|Tottori"
    r"|Shimane|Okayama|Hiroshima|Yamaguchi|Tokushima|Kagawa|Ehime|Kochi|Fukuoka|Saga|Nagasaki|Kumamoto|Oita|Miyazaki"
    r"|Kagoshima|Okinawa)(?:-(?:to|fu|ken))?(?=\W*(?:(?:\d[\d-]*|Japan)\W*)*$)",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?P<before>[¥$€£]?)(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?P<after>\s?(?:%|円|歳|才|人|個|kg|cm|mm|km|[mg])?)",
    re.ASCII,
)
_BAND = re.compile(r"[¥$€£]?(-?\d+) to (-?\d+)\s?(?:%|円|歳|才|人|個|kg|cm|mm|km|[mg])?", re.ASCII)


def make_generaliser(to: Generalise) -> Callable[[str], str | None]:
    """Get the function that generalises an answer in this way."""
    if to.to == "band":
        return partial(to_band, width=to.width or 1)
    return to_year if to.to == "year" else to_prefecture


def to_year(answer: str) -> str | None:
    """The year of a date: `1984-03-05`, `昭和59年3月5日`, `5 March 1984` -> `1984`."""
    found = _DATE.fullmatch(_normalise(answer))
    if found is None:
        return None
    if found["era"]:
        return str(_ERAS[found["era"].lower()] + (1 if found["of"] == "元" else int(found["of"])))
    return found["year"] or found["last"] or found["named"]


def to_prefecture(answer: str) -> str | None:
    """The prefecture of an address: `〒100-0001 東京都千代田区1-1` -> `東京都`; `Kita-ku, Osaka` -> `Osaka`."""
    text = _normalise(answer)
    found = PREFECTURE.search(text)
    if found:
        return found.group()
    roman = _ROMAN_PREFECTURE.search(text)
    return roman[1].capitalize() if roman else None


def to_band(answer: str, width: int) -> str | None:
    """The band of a number: `347` in bands of 100 -> `300 to 399`. A unit or currency is kept."""
    text = _normalise(answer)
    if _is_band(text, width):
        return text
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    low = int(Decimal(found["number"].replace(",", "")) // width) * width
    low -= width if Decimal(found["number"].replace(",", "")) < low else 0  # Decimal's // rounds towards zero
    return f"{found['before']}{low} to {low + width - 1}{found['after']}"


def _is_band(text: str, width: int) -> bool:
    found = _BAND.fullmatch(text)
    return found is not None and int(found[1]) % width == 0 and int(found[2]) == int(found[1]) + width - 1


def _normalise(answer: str) -> str:
    return unicodedata.normalize("NFKC", answer).strip(WHITE_SPACE)


FEWEST = 6  # an answer with fewer letters and digits is hidden as a whole
# Everything but white space and punctuation: letters and digits of any script, marks, symbols, and `*` itself.
_HIDDEN = re.compile(r"[^\s!-)+-/:-@\[-`{-~、。・「」（）＠．－]")


def mask(answer: str) -> str:
    """Mask an answer: `taro.yamada@example.co.jp` -> `t***.******@*******.**.*p`. Masking it again changes nothing."""
    hidden, count = _HIDDEN.subn("*", answer)
    first, last = _HIDDEN.search(answer), _HIDDEN.search(answer[::-1])
    if count < FEWEST or first is None or last is None:
        return hidden
    start, end = first.start(), len(answer) - 1 - last.start()
    return hidden[:start] + answer[start] + hidden[start + 1 : end] + answer[end] + hidden[end + 1 :]
