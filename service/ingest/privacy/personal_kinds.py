"""Recognising single values: e-mail addresses, telephone numbers, addresses and numbers with check digits.

Each recogniser takes a value in NFKC, without white space at its ends. Check digits are verified, so that part numbers
are not taken for cards. One number in ten still passes by chance, so `personal` looks at the share of matching values.
"""

import re
from collections.abc import Callable
from datetime import date

import phonenumbers
from stdnum import luhn
from stdnum.jp import cn, in_

from schemas.uploads import PersonalKind

_LONGEST = 320  # characters; the longest e-mail address
_EMAIL = re.compile(r"(?:mailto:)?[\w.!#$%&'*+/=?^`{|}~-]+@(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}")
_NAMED_EMAIL = re.compile(r".*<[^<>@\s]+@[^<>@\s]+\.[^<>@\s]{2,24}>")

_TELEPHONE_LABEL = re.compile(r"(?:tel|fax|phone|電話|携帯|内線)(?:番号)?[.:\s]*", re.IGNORECASE)
_TELEPHONE = re.compile(r"\+?[0-9(][0-9()\s./-]{6,22}[0-9]", re.ASCII)
_DATE = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}", re.ASCII)
_DIGITS = re.compile(r"\d+")
_PLANS = ("JP", "US", "GB", "DE", "FR")

_CARD = re.compile(r"\d{4}([ -]?)\d{4}\1\d{4}\1\d{2,4}|3[47]\d{2}([ -]?)\d{6}\2\d{5}", re.ASCII)
_ISSUER = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
    r"|35(?:2[89]|[3-8]\d)\d{12}|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14}",
    re.ASCII,
)
_TWELVE = re.compile(r"\d{4}([ -]?)\d{4}\1\d{4}", re.ASCII)
_THIRTEEN = re.compile(r"T?\d(?:-?\d{4}){3}", re.ASCII)

_PREFECTURES = (
    "北海道|青森県|岩手県|宮城県|秋田県|山形県|福島県|茨城県|栃木県|群馬県|埼玉県|千葉県|東京都|神奈川県|新潟県|富山県|石川県|福井県"
    "|山梨県|長野県|岐阜県|静岡県|愛知県|三重県|滋賀県|京都府|大阪府|兵庫県|奈良県|和歌山県|鳥取県|島根県|岡山県|広島県|山口県"
    "|徳島県|香川県|愛媛県|高知県|福岡県|佐賀県|長崎県|熊本県|大分県|宮崎県|鹿児島県|沖縄県"
)
PREFECTURE = re.compile(_PREFECTURES)
_POSTAL_CODE = re.compile(r"〒\s?\d{3}-?\d{4}|\d{3}-\d{4}", re.ASCII)
_BLOCK = r"[0-9一二三四五六七八九十]+(?:丁目|番地?|号|-[0-9]|$)"  # the number of a block or a house
_JAPANESE_ADDRESS = re.compile(
    rf"(?:〒?\s?\d{{3}}-?\d{{4}}\s*)?(?:(?:{_PREFECTURES})\s*\S{{1,10}}?[市区町村郡]|\S{{1,6}}[市郡]\S{{0,8}}[区町村])\S{{0,20}}?{_BLOCK}"
)
_ROAD = r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Boulevard|Blvd|Terrace|Crescent|Highway|Hwy)"
_MAYBE_ROAD = r"(?:Drive|Dr|Way|Court|Ct|Square|Sq)"  # `4 Wheel Drive` is no address: these need a larger number
_WESTERN_ADDRESS = re.compile(
    rf"(?:.{{1,30}},\s*)?\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,4}})?,?\s+(?:[A-Z0-9][\w.'’-]*\s+){{1,4}}{_ROAD}\b\.?(?:[\s,].*)?"
    rf"|\d{{2,5}}[A-Za-z]?,?\s+(?:[A-Z][\w.'’-]*\s+){{1,3}}{_MAYBE_ROAD}\b\.?(?:[\s,].*)?"
    r"|\d{1,4}(?:\s?bis|\s?ter)?,?\s+(?:rue|avenue|boulevard|place|chemin|allée|impasse|quai)\s+\S.*"
    r"|[A-ZÄÖÜ][\w.\s-]{2,40}(?:straße|strasse|str\.|weg|allee|gasse|platz|damm|ufer)\s+\d{1,4}\s?[a-z]?(?:,.*)?"
)
_BIRTH_DATE = re.compile(
    r"(?P<year>(?:18|19|20)\d{2})(?:[-/.]\d{1,2}[-/.]\d{1,2}|年\d{1,2}月\d{1,2}日|(?:0\d|1[0-2])[0-3]\d)"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?P<last>(?:18|19|20)\d{2})"
    r"|(?:明治|大正|昭和|平成|令和|[MTSHR])\s?(?:元|\d{1,2})(?:年\d{1,2}月\d{1,2}日|[./-]\d{1,2}[./-]\d{1,2})",
    re.ASCII,
)


def is_email(value: str) -> bool:
    return "@" in value and bool(_EMAIL.fullmatch(value) or _NAMED_EMAIL.fullmatch(value))


def is_telephone(value: str) -> bool:
    """Whether a value is a valid number with its country code, or a Japanese one grouped as the numbering plan does.

    Seven in ten codes of a 0 and nine digits are valid numbers, so without hyphens only mobile numbers count.
    """
    number = _strip_label(value)
    if number is None or number[0] not in "+0(":
        return False
    parsed = _parse_number(number, "JP")
    if parsed is None or number[0] == "+":
        return parsed is not None
    groups = _DIGITS.findall(number)
    if len(groups) == 1:
        return len(groups[0]) == 11
    return groups == _DIGITS.findall(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))


def is_likely_telephone(value: str) -> bool:
    """Whether a value is a number of one of a few plans, in any grouping; for relations whose name suggests it."""
    number = _strip_label(value)
    return number is not None and any(_parse_number(number, region) for region in _PLANS)


def _strip_label(value: str) -> str | None:
    """The value without a label such as `Tel:`; None where it cannot be a number, or is a date."""
    number = _TELEPHONE_LABEL.sub("", value, count=1)
    return number if _TELEPHONE.fullmatch(number) and not _DATE.fullmatch(number) else None


def _parse_number(number: str, region: str) -> phonenumbers.PhoneNumber | None:
    """The parsed number; None where it is not valid."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None


def is_card(value: str) -> bool:
    """Whether a value has fourteen to sixteen digits, as its issuer's prefix demands, and Luhn's check digit."""
    if not _CARD.fullmatch(value):
        return False
    digits = re.sub(r"\D", "", value)
    return bool(_ISSUER.fullmatch(digits)) and luhn.is_valid(digits)


def is_my_number(value: str) -> bool:
    return bool(_TWELVE.fullmatch(value)) and in_.is_valid(value)


def is_corporate_number(value: str) -> bool:
    """Whether a value has thirteen digits with a check digit; an invoice registration number has a T before them."""
    return bool(_THIRTEEN.fullmatch(value)) and cn.is_valid(value.removeprefix("T"))


def is_postal_code(value: str) -> bool:
    return bool(_POSTAL_CODE.fullmatch(value))


def is_postal_address(value: str) -> bool:
    """Whether a value is an address down to the block or house; a prefecture or city alone does not identify anyone."""
    if not any(map(str.isdigit, value)) and not re.search("[一二三四五六七八九十]丁目", value):
        return False
    return bool(_JAPANESE_ADDRESS.match(value) or _WESTERN_ADDRESS.fullmatch(value))


def is_birth_date(value: str) -> bool:
    """Whether a value is a date of the last 130 years; it counts only where the relation's name is about birth."""
    found = _BIRTH_DATE.fullmatch(value)
    if found is None:
        return False
    year = found["year"] or found["last"]
    return year is None or 0 <= date.today().year - int(year) <= 130


RECOGNISERS: dict[PersonalKind, Callable[[str], bool]] = {
    PersonalKind.EMAIL: is_email,
    PersonalKind.PAYMENT_CARD: is_card,
    PersonalKind.MY_NUMBER: is_my_number,
    PersonalKind.CORPORATE_NUMBER: is_corporate_number,
    PersonalKind.TELEPHONE: is_telephone,
    PersonalKind.POSTAL_ADDRESS: is_postal_address,
    PersonalKind.POSTAL_CODE: is_postal_code,
    PersonalKind.BIRTH_DATE: is_birth_date,
}


def is_of_kind(kind: PersonalKind, value: str, *, named: bool) -> bool:
    """Whether a value is of the kind. named: the name of its relation suggests the kind."""
    if not value or len(value) > _LONGEST:
        return False
    if named and kind is PersonalKind.TELEPHONE:
        return is_likely_telephone(value)
    return RECOGNISERS[kind](value)
