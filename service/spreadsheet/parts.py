"""The parts of a workbook: an archive of XML documents, reached from one another through relationships."""

import codecs
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from posixpath import dirname, join, normpath
from typing import IO
from xml.parsers import expat

from service.spreadsheet.numberformats import NumberFormat

_CHUNK = 1 << 18
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding=[\"']([\w.-]+)")

Parser = expat.XMLParserType
Attributes = dict[str, str]


class Damaged(Exception):
    """The archive is not the workbook that it claims to be."""


class NotAWorkbook(Exception):
    """The archive is no workbook of XML parts: another document, or a workbook in a binary format."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name, the part that holds it, and whether Excel shows it."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Element:
    """An XML element without its namespace, by its own name and that of the element around it."""

    parent: str
    name: str
    attributes: Attributes


@dataclass(slots=True)
class Book:
    """What the worksheets share. formats: the number format of each cell style. from_1904: how days are counted."""

    archive: zipfile.ZipFile
    sheets: list[Sheet] = field(default_factory=list)
    formats: list[NumberFormat] = field(default_factory=list)
    strings_part: str | None = None
    from_1904: bool = False

    def open_part(self, name: str) -> IO[bytes]:
        """Open a part; names differ in case and slashes between what refers to a part and the archive."""
        wanted = _normalise(name)
        found = next((each for each in self.archive.namelist() if _normalise(each) == wanted), None)
        if found is None:
            raise Damaged(name)
        return self.archive.open(found)


def open_book(archive: zipfile.ZipFile) -> Book:
    """Follow the relationships of a package to its workbook, sheets, texts and styles.

    Raises NotAWorkbook where its main document is another one, Damaged where a part is missing.
    """
    book = Book(archive)
    main = next(
        (part for kind, part in _find_related(book, "").values() if kind == "officeDocument"), "xl/workbook.xml"
    )
    try:
        elements = list(_read_elements(book, main))
    except expat.ExpatError as error:
        raise (NotAWorkbook if main.endswith(".bin") else Damaged)(main) from error
    if not elements or elements[0].name != "workbook":
        raise NotAWorkbook(main)
    related = _find_related(book, main)
    for element in elements:
        if element.name == "workbookPr":
            book.from_1904 = is_true(element.attributes.get("date1904"))
        elif (element.parent, element.name) == ("sheets", "sheet"):
            kind, part = related.get(element.attributes.get("id", ""), ("", ""))
            if kind == "worksheet":
                hidden = element.attributes.get("state", "visible") != "visible"
                book.sheets.append(Sheet(element.attributes.get("name", ""), part, hidden))
    parts = dict(related.values())
    book.strings_part = parts.get("sharedStrings")
    book.formats = _read_formats(book, parts.get("styles"))
    return book


def is_true(value: str | None) -> bool:
    """Whether an attribute says yes, in one of the two ways that XML has for it."""
    return value in ("1", "true", "on")


def _read_formats(book: Book, part: str | None) -> list[NumberFormat]:
    """The number format of each cell style, by its index."""
    codes, styles = dict[int, str](), list[int]()
    for element in _read_elements(book, part) if part else ():
        number = _to_number(element.attributes.get("numFmtId"))
        if (element.parent, element.name) == ("numFmts", "numFmt"):
            codes[number] = element.attributes.get("formatCode", "General")
        elif (element.parent, element.name) == ("cellXfs", "xf"):
            styles.append(number)
    made = {number: NumberFormat.of(number, codes.get(number), book.from_1904) for number in {0, *styles}}
    return [made[number] for number in styles] or [made[0]]


def _to_number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _find_related(book: Book, part: str) -> dict[str, tuple[str, str]]:
    """The relationships of a part, by their id: the last word of the type, and the part that it leads to."""
    folder = dirname(part)
    name = join(folder, "_rels", f"{part.rpartition('/')[2]}.rels")
    try:
        elements = list(_read_elements(book, name))
    except Damaged:
        return {}
    related = {}
    for found in (element.attributes for element in elements if element.name == "Relationship"):
        target = found.get("Target", "")
        kind = found.get("Type", "").rpartition("/")[2]
        related[found.get("Id", "")] = kind, target if target.startswith("/") else normpath(join(folder, target))
    return related


def _read_elements(book: Book, name: str) -> Iterator[Element]:
    """Yield the elements of a small part in document order."""
    found, path = list[Element](), [""]
    parser = make_parser()

    def start(tag: str, attributes: Attributes) -> None:
        local = drop_prefix(tag)
        found.append(Element(path[-1], local, {drop_prefix(key): value for key, value in attributes.items()}))
        path.append(local)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop()
    with book.open_part(name) as stream:
        parser.ParseFile(stream)
    yield from found


def _normalise(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def drop_prefix(tag: str) -> str:
    """The name of an element or attribute without the prefix of its namespace."""
    return tag.rpartition(":")[2]


def make_parser() -> Parser:
    """A parser that knows no document type: without one there are no entities that could expand or be fetched."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def _refuse_document_type(*_: object) -> None:
    raise Damaged("a document type")


def iterate_blocks(stream: IO[bytes], parser: Parser, opening: re.Pattern[str], closing: str) -> Iterator[str]:
    """Parse a large part, but yield the text of its repeated elements in blocks instead, each ending with `closing`.

    The caller takes from a block what is written in the usual way, by a pattern, which is three times as fast as a
    parser, and gives the rest to the parser. Where the part as a whole is written in another way (another encoding, a
    prefix, comments), all goes to the parser, and the blocks are empty: they only say that it has read on.

    opening: the tag before the first of these elements. closing: the tag at the end of each.
    """
    pieces = iter(lambda: stream.read(_CHUNK), b"")
    first = next(pieces, b"")
    if not _is_utf8(first):
        for piece in chain([first], pieces):
            parser.Parse(piece)
            yield ""
        parser.Parse(b"", True)
        yield ""
        return
    texts = codecs.iterdecode(chain([first], pieces), "utf-8")
    rest = next(texts, "")
    begin = opening.search(rest)
    head, rest = (rest[: begin.end()], rest[begin.end() :]) if begin else (rest, "")
    parser.Parse(head)
    usual = begin is not None and not _has_special(head.partition("?>")[2] or head)
    while True:
        usual = usual and not _has_special(rest)
        if not usual:
            parser.Parse(rest)
            rest = ""
            yield ""
        elif (end := rest.rfind(closing)) >= 0:
            end += len(closing)
            yield rest[:end]
            rest = rest[end:]
        if (text := next(texts, None)) is None:
            break
        rest += text
    parser.Parse(rest, True)
    yield ""


def _is_utf8(first: bytes) -> bool:
    declared = _ENCODING.match(first)
    return not first.startswith((b"\xfe\xff", b"\xff\xfe")) and (not declared or declared[1].lower() == b"utf-8")


def _has_special(text: str) -> bool:
    """Whether there are comments, CDATA sections or processing instructions, in which tags are no tags."""
    return "<!" in text or "<?" in text
