"""Read a workbook by its XML: its sheets, and each cell as the text that a person at the screen means by it.

The rules are those of docs/reading.md; the code is the pilot's own.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from posixpath import dirname, join, normpath
from xml.etree import ElementTree as ET

from pilot.reading.decoding import BAD

Row = tuple[int, list[str]]
"""A row with content: its number in the sheet, and its cells."""

_MS_PER_DAY = 86_400_000
_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_DECIMALS = {9: 0, 10: 2}  # of the percent formats that are known by number
_ELAPSED = {46: True}
_SAID = re.compile(r'"([^"]*)"|\\(.)|[_*].|\[(?:\$([^\]-]*)[^\]]*|[^\]hmsHMS][^\]]*)\]')
_DATE_LETTERS = re.compile("[ymdhsgeYMDHSGE]")
_PADDED = re.compile(r"0[0\W]*")
_ADDRESS = re.compile(r"([A-Z]+)(\d+)")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_DAYS_OF_1904, _LEAP_DAY, _LAST_DAY = 1462, 60, 2_958_466


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet and its rows with content, all equally long."""

    name: str
    hidden: bool
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class _Format:
    """What a number format makes of a number: `kind` is number, code, percent, moment or elapsed."""

    kind: str
    code: str = ""
    decimals: int = 0


def read_sheets(path: str) -> list[Sheet]:
    """Read all worksheets. Raises ValueError, KeyError, zipfile.BadZipFile or ET.ParseError for a damaged workbook."""
    with zipfile.ZipFile(path) as archive:
        links = _read_links(archive, "")
        book_part = next((part for kind, part in links.values() if kind == "officeDocument"), "xl/workbook.xml")
        book, parts = _parse(archive, book_part), _read_links(archive, book_part)
        by_kind = dict(parts.values())
        texts = _read_texts(archive, by_kind.get("sharedStrings"))
        formats = _read_formats(archive, by_kind.get("styles"))
        settings = book.find("{*}workbookPr")
        from_1904 = settings is not None and settings.get("date1904") in {"1", "true"}
        sheets = list[Sheet]()
        for sheet in book.iterfind("{*}sheets/{*}sheet"):
            link = next(value for name, value in sheet.attrib.items() if name.endswith("}id"))
            kind, part = parts[link]
            if kind == "worksheet":
                with archive.open(part) as stream:
                    rows = list(_read_rows(ET.iterparse(stream), texts, formats, from_1904=from_1904))  # noqa: S314 - no entities: expat refuses external ones
                width = max((len(cells) for _, cells in rows), default=0)
                even = [(line, cells + [""] * (width - len(cells))) for line, cells in rows]
                sheets.append(Sheet(sheet.get("name", ""), sheet.get("state", "visible") != "visible", even))
        return sheets


def _parse(archive: zipfile.ZipFile, part: str) -> ET.Element:
    return ET.fromstring(archive.read(part))  # noqa: S314 - likewise


def _read_links(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    folder = dirname(part)
    name = join(folder, "_rels", part.rpartition("/")[2] + ".rels")
    if name not in archive.namelist():
        return {}
    found = {}
    for link in _parse(archive, name):
        target = link.get("Target", "")
        place = target.lstrip("/") if target.startswith("/") else normpath(join(folder, target))
        found[link.get("Id", "")] = link.get("Type", "").rpartition("/")[2], place
    return found


def _read_texts(archive: zipfile.ZipFile, part: str | None) -> list[str]:
    return [] if part is None else [_join_runs(item) for item in _parse(archive, part)]


def _join_runs(item: ET.Element) -> str:
    """The text of a cell's runs, without how they are pronounced."""
    runs = [*item.findall("{*}t"), *item.findall("{*}r/{*}t")]
    return _unescape("".join(run.text or "" for run in runs))


def _unescape(text: str) -> str:
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    try:
        return plain.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return BAD


def _read_formats(archive: zipfile.ZipFile, part: str | None) -> list[_Format]:
    if part is None:
        return []
    styles = _parse(archive, part)
    codes = {
        int(each.get("numFmtId", "0")): each.get("formatCode", "")
        for each in styles.iter()
        if each.tag.endswith("}numFmt")
    }
    used = [int(style.get("numFmtId", "0")) for style in styles.iterfind("{*}cellXfs/{*}xf")]
    return [_understand(number, codes.get(number)) for number in used]


def _understand(number: int, code: str | None) -> _Format:
    if code is None:
        if number in _DECIMALS:
            return _Format("percent", decimals=_DECIMALS[number])
        return _Format("elapsed" if number in _ELAPSED else "moment" if number in _DATES else "number")
    first = code.split(";")[0]
    bare = _SAID.sub("", first)
    if re.search(r"\[[hmsHMS]+\]", first):
        return _Format("elapsed")
    if "general" in bare.lower():
        return _Format("number")
    if _DATE_LETTERS.search(bare.replace("E+", "").replace("E-", "")):
        return _Format("moment")
    if "%" in bare:
        return _Format("percent", decimals=bare.partition(".")[2].count("0"))
    literal = _SAID.sub(lambda found: "" if found[3] is None else "$", first)
    if ";" not in code and re.fullmatch(r"[0\-() ]*0[0\-() ]*", literal):
        return _Format("code", code=first)
    return _Format("number")


def _read_rows(
    events: Iterator[tuple[str, ET.Element]], texts: Sequence[str], formats: Sequence[_Format], *, from_1904: bool
) -> Iterator[Row]:
    line = 0
    for _, element in events:
        if not element.tag.endswith("}row"):
            continue
        line = int(element.get("r", line + 1))
        cells = list[str]()
        for cell in element:
            address = _ADDRESS.fullmatch(cell.get("r", ""))
            place = _to_place(address[1]) if address else len(cells)
            line = int(address[2]) if address and element.get("r") is None else line
            cells += [""] * (place + 1 - len(cells))
            cells[place] = _read_cell(cell, texts, formats, from_1904=from_1904)
        element.clear()
        if any(cells):
            yield line, cells


def _to_place(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _read_cell(cell: ET.Element, texts: Sequence[str], formats: Sequence[_Format], *, from_1904: bool) -> str:
    """The text of a cell; BAD for an error and for a formula without a value."""
    kind, value = cell.get("t", "n"), cell.findtext("{*}v")
    if kind == "inlineStr":
        inline = cell.find("{*}is")
        return "" if inline is None else _join_runs(inline)
    if kind == "e" or (not value and cell.find("{*}f") is not None and kind != "str"):
        return BAD
    if not value:
        return ""
    if kind == "s":
        return texts[int(value)]
    if kind == "b":
        return "TRUE" if value.strip() in {"1", "true"} else "FALSE"
    if kind == "d":
        return value.removesuffix("T00:00:00")
    if kind == "str":
        return _unescape(value)
    style = int(cell.get("s", "0"))
    return _write_number(
        value.strip(), formats[style] if style < len(formats) else _Format("number"), from_1904=from_1904
    )


def _write_number(raw: str, form: _Format, *, from_1904: bool) -> str:
    number = float(raw)
    text = _write_plain(raw, number)
    if form.kind == "percent":
        whole, _, decimals = _shift(text).partition(".")
        decimals = decimals.ljust(form.decimals, "0")
        return f"{whole}.{decimals}%" if decimals else f"{whole}%"
    if form.kind == "code" and text.isdigit():
        return _fill(form.code, text)
    if form.kind in ("moment", "elapsed"):
        return _write_moment(number, from_1904=from_1904, elapsed=form.kind == "elapsed") or text
    return text


def _write_plain(raw: str, number: float) -> str:
    """A number with 15 significant digits; a whole one of 16 below 2^53 as it stands."""
    if re.fullmatch(r"-?[1-9]\d{15}", raw) and abs(number) < 2**53:
        return raw
    text = f"{number:.15g}"
    if "e+" in text and abs(number) < 10**21:
        text = f"{Decimal(text):f}"
    return "0" if text == "-0" else text


def _shift(text: str) -> str:
    """A hundred times a decimal number, by its digits."""
    if "e" in text:
        return f"{float(text) * 100:.15g}"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, decimals = digits.partition(".")
    decimals = decimals.ljust(2, "0")
    shifted = (whole + decimals[:2]).lstrip("0") or "0"
    rest = decimals[2:].rstrip("0")
    return f"{sign}{shifted}.{rest}" if rest else f"{sign}{shifted}"


def _fill(code: str, digits: str) -> str:
    """Put digits in the places of a format of zeros and literal text, from the right."""
    said = list[str]()
    for found in re.finditer(r'"([^"]*)"|\\(.)|[_*].|\[[^\]]*\]|(.)', code):
        if found[3] == "0":
            said.append("0")
        elif found[1] or found[2] or found[3]:
            said.append("\0" + (found[1] or found[2] or found[3]))
    places = [at for at, part in enumerate(said) if part == "0"]
    left = digits
    for at in reversed(places):
        said[at] = left[-1:] or "0"
        left = left[:-1]
    said[places[0]] = left + said[places[0]]
    return "".join(part.removeprefix("\0") for part in said)


def _write_moment(serial: float, *, from_1904: bool, elapsed: bool) -> str | None:
    """A serial number as date, time or both; as hours, minutes and seconds where it is elapsed time. None where no
    calendar has it.
    """
    if abs(serial) >= _LAST_DAY:
        return None
    days, ms = divmod(round(serial * _MS_PER_DAY), _MS_PER_DAY)
    if elapsed:
        total = abs(round(serial * _MS_PER_DAY))
        return ("-" if serial < 0 else "") + _write_clock(total, "{hours}")
    if 0 < serial < 1:
        return _write_clock(ms, "{hours:02}")
    if from_1904:
        if not 0 <= days < _LAST_DAY - _DAYS_OF_1904:
            return None
        date = dt.date(1904, 1, 1) + dt.timedelta(days)
    elif not 1 <= days < _LAST_DAY or days == _LEAP_DAY:
        return None
    else:
        date = dt.date(1899, 12, 31) + dt.timedelta(days - (days > _LEAP_DAY))
    return f"{date.isoformat()}T{_write_clock(ms, '{hours:02}')}" if ms else date.isoformat()


def _write_clock(ms: int, hours: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    fraction = f".{ms:03}000" if ms else ""
    return f"{hours.format(hours=minutes // 60)}:{minutes % 60:02}:{seconds:02}{fraction}"
