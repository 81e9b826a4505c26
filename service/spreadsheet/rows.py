"""The cells of a worksheet, row by row: values, formulas without one, errors, and which rows and columns are hidden."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from operator import itemgetter
from string import ascii_uppercase
from typing import NamedTuple

from service.spreadsheet.moments import write_moment
from service.spreadsheet.numberformats import Doubt, Entry, NumberFormat
from service.spreadsheet.parts import (
    Attributes,
    Book,
    Damaged,
    Sheet,
    drop_prefix,
    is_true,
    iterate_blocks,
    make_parser,
)

_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_LETTERS = ["", *ascii_uppercase]
_COLUMNS = [
    "".join(letters) for letters in product(_LETTERS, _LETTERS, ascii_uppercase) if letters[0] == "" or letters[1]
]
_COLUMNS = _COLUMNS[:_LAST_COLUMN]
_PLACES = {letters: at for at, letters in enumerate(_COLUMNS)}
_REMEMBERED = 1 << 18
_TEXT = r"([^<&\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*)"
_SPACE = r'(?: xml:space="preserve")?'
# Rows, cells and shared strings as spreadsheet programs write them; those written otherwise are left to the parser.
_ROW = re.compile(r'\s*<row((?: [\w:.]+="[^"<>&]*")*) ?>')
_CELL = re.compile(
    r'<c(?: r="([A-Z]{1,3})[0-9]+")?(?: s="([0-9]+)")?(?: t="([A-Za-z]+)")?'
    r"(?: ?/>|>(<f(?: [^<>]*)?(?:/>|>[^<]*</f>))?"
    rf"(?:<v{_SPACE}>{_TEXT}</v>|<v ?/>|<is><t{_SPACE}>{_TEXT}</t></is>)?</c>)"
)
_STRING = re.compile(rf"<si><t{_SPACE}>{_TEXT}</t></si>")
_ATTRIBUTE = re.compile(r' ([\w:.]+)="([^"]*)"')
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_CELL_REFERENCE = re.compile("([A-Z]{1,3})([0-9]{1,7})")
_ROWS_OPENING, _STRINGS_OPENING = re.compile("<sheetData>"), re.compile("<sst(?: [^<>]*)?>")


_FoundCell = tuple[str, str, str, str, str, str]  # letters of the column, style, type, formula, value, inline text
_GET_FIRST = itemgetter(0)


class SheetRow(NamedTuple):
    """A row with content: its number, its cells up to the last with content, and those that are more than a text."""

    line: int
    cells: list[str]
    doubts: dict[int, Doubt]


class Cells:
    """What the cells of a book say, by type, style and content."""

    def __init__(self, book: Book) -> None:
        self.strings = read_strings(book)
        self.numbers = _Numbers(book.formats)
        self._formats = book.formats
        self.text_styles = {str(at) for at, each in enumerate(book.formats) if each.labels_texts}

    def read(self, kind: str, style: str, text: str | None, *, has_formula: bool) -> Entry:
        """The entry of a cell whose type attribute is `kind`; text is what its value element says, None without one."""
        if kind == "e":
            return Doubt("", "error", lambda: text or "")
        if not text:
            return Doubt("", "uncomputed") if has_formula and kind != "str" else ""
        if kind in ("", "n"):
            return self.numbers[style][text]
        if kind == "b":
            return "TRUE" if is_true(text.strip()) else "FALSE"
        if kind == "d":
            return _read_date(text)
        return self.label(style, self.strings[int(text)] if kind == "s" else unescape(text))

    def read_all(self, found: list[_FoundCell]) -> list[Entry]:
        """The entries of cells that were found by the pattern."""
        strings, numbers, labelled, read = self.strings, self.numbers, self.text_styles, self.read
        return [
            strings[int(text)]
            if kind == "s" and text and style not in labelled
            else numbers[style][text]
            if text and kind in ("", "n")
            else inline
            if inline and "_x" not in inline and style not in labelled
            else read(kind, style, text or inline, has_formula=bool(formula))
            for _, style, kind, formula, text, inline in found
        ]

    def label(self, style: str, entry: Entry) -> Entry:
        """The entry of a text in a cell of this style, which may show more than the text."""
        if style in self.text_styles and isinstance(entry, str) and entry:
            return self._formats[int(style)].take_text(entry)
        return entry


class _Numbers(dict[str, "_Remembered"]):
    """The entries of numbers, by style and then by how they stand in the file."""

    def __init__(self, formats: list[NumberFormat]) -> None:
        super().__init__()
        self._formats = formats

    def __missing__(self, style: str) -> "_Remembered":
        at = int(style or 0)
        found = self[style] = _Remembered(self._formats[at if at < len(self._formats) else 0])
        return found


class _Remembered(dict[str, Entry]):
    def __init__(self, form: NumberFormat) -> None:
        super().__init__()
        self._take = form.take

    def __missing__(self, raw: str) -> Entry:
        if len(self) >= _REMEMBERED:
            self.clear()
        entry = self[raw] = self._take(raw.strip())
        return entry


class _PartParser:
    """A parser of the elements that hold text, `v` and `t`, without those that say how it is pronounced (`rPh`)."""

    def __init__(self) -> None:
        self.parser = make_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._collected = list[str]()
        self._is_reading = False

    def _start(self, tag: str, attributes: Attributes) -> None:
        name = drop_prefix(tag)
        if name in ("v", "t"):
            self._collected.clear()
            self.parser.CharacterDataHandler = self._collected.append
        elif name == "rPh":
            self._is_reading = True
        else:
            self.open(name, attributes)

    def _end(self, tag: str) -> None:
        name = drop_prefix(tag)
        if name in ("v", "t"):
            self.parser.CharacterDataHandler = None
            if not self._is_reading:
                self.hear(name, "".join(self._collected))
        elif name == "rPh":
            self._is_reading = False
        else:
            self.close(name)

    def open(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def hear(self, name: str, text: str) -> None:
        """An element has said its text."""

    def close(self, name: str) -> None:
        """An element ends."""


class _StringsParser(_PartParser):
    """The shared strings that `read_strings` leaves to a parser, as they are found."""

    def __init__(self) -> None:
        super().__init__()
        self.strings = list[Entry]()
        self._texts = list[str]()

    def hear(self, _name: str, text: str) -> None:
        self._texts.append(text)

    def close(self, name: str) -> None:
        if name == "si":
            self.strings.append(unescape("".join(self._texts)))
            self._texts.clear()


def read_strings(book: Book) -> list[Entry]:
    """Read the texts that cells refer to by number."""
    if book.strings_part is None:
        return []
    part = _StringsParser()
    with book.open_part(book.strings_part) as stream:
        for block in iterate_blocks(stream, part.parser, _STRINGS_OPENING, "</si>"):
            found = _STRING.findall(block)
            if len(found) == block.count("<si"):
                part.strings += map(unescape, found) if "_x" in block else found
            else:
                part.parser.Parse(block)
    return part.strings


@dataclass(slots=True)
class _Cell:
    """A cell while it is parsed. text: what `v` says; inline: what `t` says."""

    attributes: Attributes
    text: str | None = None
    inline: str = ""
    has_formula: bool = False


class SheetReader(_PartParser):
    """One pass over a worksheet. What it says about rows and columns as a whole is complete once `rows` has ended.

    hidden_rows: the numbers of the rows with content that are hidden, by hand or by a filter. hidden_columns: ranges of
    columns, from 0. merged: ranges of cells, each as first row, last row, first column and last column.
    """

    def __init__(self, book: Book, sheet: Sheet, cells: Cells) -> None:
        super().__init__()
        self.hidden_rows = list[int]()
        self.hidden_columns = list[tuple[int, int]]()
        self.merged = list[tuple[int, int, int, int]]()
        self._book, self._sheet, self._cells = book, sheet, cells
        self._parsed = list[SheetRow]()
        self._line, self._last, self._has_line, self._is_hidden = 0, 0, False, False
        self._row = list[Entry]()
        self._cell = _Cell({})

    def rows(self, most: int | None = None) -> Iterator[SheetRow]:
        """Yield the rows with content, `most` at most. Raises Damaged, ValueError or ExpatError for a damaged sheet."""
        left = _LAST_ROW if most is None else most
        with self._book.open_part(self._sheet.part) as stream:
            for block in iterate_blocks(stream, self.parser, _ROWS_OPENING, "</row>"):
                for piece in block.split("</row>")[:-1] if left else ():
                    row = self._read_usual(piece)
                    if row is None:
                        self.parser.Parse(f"{piece}</row>")
                    elif row.cells:
                        self._parsed.append(row)
                yield from self._parsed[:left]
                left -= len(self._parsed[:left])
                self._parsed.clear()

    def _read_usual(self, piece: str) -> SheetRow | None:
        """Read a row by the patterns; None where it is not written in the usual way."""
        opening = _ROW.match(piece)
        cells = _CELL.findall(piece)
        if not opening or len(cells) != piece.count("<c") or piece.count("<row") != 1:
            return None
        self._open_row(dict(_ATTRIBUTE.findall(opening[1])))
        letters = list(map(_GET_FIRST, cells))
        if not self._has_line and any(letters):
            return None
        entries = self._cells.read_all(cells)
        if letters == _COLUMNS[: len(letters)] or not any(letters):
            self._row = entries
        else:
            for column, entry in zip(letters, entries, strict=True):
                self._put(_PLACES[column] if column else len(self._row), entry)
        return self._close_row()

    def open(self, name: str, attributes: Attributes) -> None:
        if name == "row":
            self._open_row(attributes)
        elif name == "c":
            self._cell = _Cell(attributes)
        elif name == "f":
            self._cell.has_formula = True
        elif name == "col" and (is_true(attributes.get("hidden")) or attributes.get("width") == "0"):
            self.hidden_columns.append((int(attributes["min"]) - 1, int(attributes["max"]) - 1))
        elif name == "mergeCell":
            self._note_merged(attributes.get("ref", ""))

    def hear(self, name: str, text: str) -> None:
        if name == "v":
            self._cell.text = text
        else:
            self._cell.inline += text

    def close(self, name: str) -> None:
        if name == "c":
            self._close_cell()
        elif name == "row" and (row := self._close_row()).cells:
            self._parsed.append(row)

    def _open_row(self, attributes: Attributes) -> None:
        given = attributes.get("r")
        line = int(given) if given else self._line + 1
        self._has_line, self._is_hidden = given is not None, is_true(attributes.get("hidden"))
        self._line, self._row = line, []

    def _close_cell(self) -> None:
        cell, place = self._cell, len(self._row)
        get = cell.attributes.get
        if reference := get("r"):
            match = _CELL_REFERENCE.fullmatch(reference)
            if not match:
                raise Damaged(reference)
            place = _PLACES[match[1]]
            self._line = self._line if self._has_line else int(match[2])
        text = cell.inline if cell.text is None else cell.text
        self._put(place, self._cells.read(get("t", ""), get("s", ""), text, has_formula=cell.has_formula))

    def _put(self, place: int, entry: Entry) -> None:
        self._row.extend([""] * (place + 1 - len(self._row)))
        self._row[place] = entry

    def _close_row(self) -> SheetRow:
        if not self._last < self._line <= _LAST_ROW:
            raise Damaged("a row number")
        self._last, row = self._line, self._row
        while row and row[-1] == "":
            row.pop()
        if row and self._is_hidden:
            self.hidden_rows.append(self._line)
        doubts = (
            {at: entry for at, entry in enumerate(row) if isinstance(entry, Doubt)} if Doubt in map(type, row) else {}
        )
        return SheetRow(self._line, [entry.text if isinstance(entry, Doubt) else entry for entry in row], doubts)

    def _note_merged(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        start, stop = _CELL_REFERENCE.fullmatch(first), _CELL_REFERENCE.fullmatch(last or first)
        if not (start and stop):
            raise Damaged(reference)
        self.merged.append((int(start[2]), int(stop[2]), _PLACES[start[1]], _PLACES[stop[1]]))


def _read_date(text: str) -> str:
    try:
        return write_moment(dt.datetime.fromisoformat(text.strip()))
    except ValueError:
        return text


def unescape(text: str) -> Entry:
    """Replace `_x000D_` by the character with that number, as Excel writes those that XML cannot hold."""
    if "_x" not in text:
        return text
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    plain = _SURROGATES.sub(lambda found: found[0].encode("utf-16", "surrogatepass").decode("utf-16"), plain)
    return Doubt(text, "not_text") if _NOT_TEXT.search(plain) else plain
