"""Reading delimited text such as CSV: decode, detect the delimiter, split into rows, find the header, sift the rows."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import dropwhile, islice
from pathlib import Path

from schemas.problems import Code
from schemas.uploads import Example, Finding, FindingKind
from service.errors import UnusableFile
from service.facts import WHITE_SPACE, Pair, is_blank
from service.ingest.options import Limits, Options
from service.ingest.readers import header
from service.ingest.readers.csvrows import (
    MARK,
    Rows,
    drop_marks,
    join_lines,
    read_rows,
    refuse_unknown_quotes,
    split_lines,
)
from service.ingest.readers.decode import decode, escape_undecodable, get_base_type
from service.ingest.readers.header import HEAD_ROWS, resolve_header
from service.ingest.readers.readings import offer_readings
from service.ingest.readers.sift import RawTable, Refusal
from service.ingest.readers.titlerows import TitleRows, find_titles, report_titles
from service.ingest.readers.titles import ROLES
from service.ingest.readers.wide import read_pairs, tabulate
from service.ingest.table import AnyHeader, Table
from service.packed import Packed, blocks_of

_END_MARK = re.compile(r"(?<![^\r\n])\x1a+[\r\n]*\Z")
_SAMPLES = 3
_SAMPLE_CHARS = 200
_QUOTE_CHECKED_ROWS = 1_000


def read_delimited(path: Path, media_type: str | None, options: Options, limits: Limits) -> Table:
    """Read a delimited text file. Raises UnusableFile (422) where encoding, delimiter, quoting or header is unclear."""
    lines, text = _split_file(path, media_type, options, limits)
    hint = find_excel_hint(lines[0])
    delimiter = parse_delimiter(options.delimiter) or hint or _tab_of_media_type(media_type, lines)
    delimiter = delimiter or _detect_delimiter(lines, text, options, limits)
    if text.is_marked:
        lines = drop_marks(lines, delimiter)
    table = _read_lines(lines, text, delimiter, options, limits, start=1 if hint else 0)
    table.encoding, table.samples = text.encoding, sample_lines(lines, is_ascii=text.is_ascii)
    return table


@dataclass(frozen=True, slots=True)
class _Text:
    """What is known of a file's text, which is not kept as a whole beside its lines.

    is_marked: it has byte order marks. is_doubtful: it has NULs or bytes that did not decode. is_quoted: it has quotes.
    """

    encoding: str
    is_ascii: bool
    is_marked: bool
    is_doubtful: bool
    is_quoted: bool


def _split_file(path: Path, media_type: str | None, options: Options, limits: Limits) -> tuple[Packed[str], _Text]:
    """The lines of a file. Raises UnusableFile where it has none with text."""
    decoded = decode(path.read_bytes(), media_type, options)
    text = _drop_end_mark(decoded.text).lstrip(MARK)
    if not text.strip(WHITE_SPACE + ",;|"):
        raise UnusableFile("The file has no line with text.", code=Code.EMPTY_FILE)
    known = _Text(
        encoding=decoded.encoding,
        is_ascii=decoded.text.isascii(),
        is_marked=MARK in text,
        is_doubtful=decoded.damaged or "\0" in decoded.text,
        is_quoted='"' in decoded.text,
    )
    return split_lines(text, limits), known


def _read_lines(
    lines: Sequence[str], known: _Text, delimiter: str, options: Options, limits: Limits, *, start: int = 0
) -> Table:
    """Read the lines from index `start` on by a delimiter: split them into rows, find the header, sift the rows."""
    rows = read_rows(lines, delimiter, limits)
    _refuse_broken_quoting(rows)
    blank = rows.drop_blank_lines(start)
    places, titles = _find_titles(rows, options)
    header, body = _read_header(rows, places, titles, options, limits)
    table = tabulate(_sheet(rows, body, lines, known, delimiter), header, options, limits)
    for broken in rows.broken:
        table.mentioned.update(_pairs_of_malformed(broken.text, delimiter, header))
    table.refused += rows.broken
    table.blank_lines += blank + places[titles.last] - titles.last
    table.delimiter = delimiter
    table.findings += report_titles([rows.rows[at] for at in places], [rows.lines[at] for at in places], titles)
    table.findings += _find_rows_inside_cells(table, delimiter)
    return table


def _drop_end_mark(text: str) -> str:
    """The text without Ctrl-Z in a last line of its own, by which DOS programs end a file."""
    mark = _END_MARK.search(text, len(text.rstrip("\r\n\x1a")))
    return text[: mark.start()] if mark else text


def sample_lines(lines: Sequence[str], *, is_ascii: bool) -> list[str]:
    """A few lines by which a person sees whether the encoding was right; lines that are not ASCII come first."""
    telling = [] if is_ascii else list(islice((line for line in lines if not line.isascii()), _SAMPLES))
    plain = islice((line for line in lines if line.isascii() and not is_blank(line)), _SAMPLES - len(telling))
    return [escape_undecodable(line.rstrip("\r\n"))[:_SAMPLE_CHARS] for line in (*telling, *plain)]


def _tab_of_media_type(media_type: str | None, lines: Sequence[str]) -> str | None:
    """A tab where the media type declares tabs and one of the first lines has one; else None."""
    promised = get_base_type(media_type) == "text/tab-separated-values"
    return "\t" if promised and any("\t" in line for line in lines[:HEAD_ROWS]) else None


def _refuse_broken_quoting(rows: Rows) -> None:
    if len(rows.broken) > len(rows.rows):
        first = rows.broken[0]
        raise UnusableFile(
            f"{len(rows.broken)} rows have malformed quotes, the first in line {first.line}. {first.detail}",
            code=Code.QUOTING_UNCLEAR,
            line=first.line,
        )


def _find_titles(rows: Rows, options: Options) -> tuple[list[int], TitleRows]:
    """The indices of the first rows with content, and the header among these rows."""
    content = (at for at in range(len(rows.rows)) if not all(map(is_blank, rows.rows[at])))
    places = list(islice(content, HEAD_ROWS))
    if not places:
        raise UnusableFile("The file has no line with text.", code=Code.EMPTY_FILE)
    return places, find_titles([rows.rows[at] for at in places], options)


def _read_header(
    rows: Rows, places: Sequence[int], titles: TitleRows, options: Options, limits: Limits
) -> tuple[AnyHeader, int]:
    """The header and the index of the first row after it."""
    first = [escape_undecodable(cell) for cell in titles.cells]
    at = places[titles.last]
    refuse_unknown_quotes([first], rows.starts[at] + 1)
    body = rows.rows[at + 1 :]
    try:
        header = resolve_header(first, options)
    except UnusableFile as error:
        head = [rows.rows[place] for place in places[: titles.last + 1]]
        raise offer_readings(error, [*head, *body[:_SAMPLE_LINES]], titles.first, options, limits) from None
    if not header.cells:
        return header, at
    if body:
        refuse_unknown_quotes(
            [row for row in body[:_QUOTE_CHECKED_ROWS] if len(row) == len(first)], rows.starts[at + 1] + 1
        )
    return resolve_header([*first, *[""] * _empty_columns(body, len(first))], options), at + 1


def _empty_columns(body: Sequence[Sequence[str]], width: int) -> int:
    """How many empty cells every row has beyond the header's `width`: some programs end each line with delimiters."""
    filled = (row for row in body if not all(map(is_blank, row)))
    first = next(filled, [])
    if len(first) <= width or not all(map(is_blank, first[width:])):
        return 0
    alike = all(len(row) == len(first) and all(map(is_blank, row[width:])) for row in filled)
    return len(first) - width if alike else 0


def _sheet(rows: Rows, body: int, lines: Sequence[str], known: _Text, delimiter: str) -> RawTable:
    starts, stops = rows.starts[body:], rows.stops[body:]

    def text(at: int) -> str:
        return escape_undecodable(join_lines(lines, starts[at], stops[at]))

    refusals = dict[int, Refusal]()
    late = re.compile(re.escape(delimiter) + r'[ \u3000]+"')
    if known.is_quoted and any(late.search("".join(block)) for block in blocks_of(lines)):
        refusals = _refuse_late_quotes(rows.rows[body:], text)
    return RawTable(rows.rows[body:], rows.lines[body:], text, refusals, scan=known.is_doubtful)


def _find_rows_inside_cells(table: Table, delimiter: str) -> list[Finding]:
    """A finding for answers that contain whole rows: a quote that is closed some lines too late is still valid CSV."""
    facts, cuts = table.columns, table.header.width - 1
    found = [
        Example(
            line=line, subject=subject[:_SAMPLE_CHARS], relation=relation[:_SAMPLE_CHARS], answer=answer[:_SAMPLE_CHARS]
        )
        for line, subject, relation, answer in zip(
            facts.lines, facts.subjects, facts.relations, facts.answers, strict=True
        )
        if "\n" in answer and _look_like_rows(answer.splitlines()[1:-1], delimiter, cuts)
    ]
    message = "Quoted answers contain lines that look like rows: a closing quote may be missing or too late."
    kind = FindingKind.ROWS_INSIDE_A_CELL
    return [Finding(kind=kind, message=message, count=len(found), relation=None, examples=found[:5])] if found else []


def _look_like_rows(lines: Sequence[str], delimiter: str, cuts: int) -> bool:
    return bool(lines) and all(line.count(delimiter) == cuts for line in lines)


def _refuse_late_quotes(rows: Sequence[Sequence[str]], text: Callable[[int], str]) -> dict[int, Refusal]:
    """Refuse rows with `, "cell"`: the space keeps the quote from opening a cell, so half of the cell would be stored.

    Such a cell appears in the file letter by letter; in a properly quoted cell every quote would be doubled.
    """
    return {
        at: (Code.ROW_MALFORMED, "A cell has a space before its opening quote. Remove the spaces after the delimiters.")
        for at, row in enumerate(rows)
        if any(cell[:1] in " \u3000" and cell.lstrip()[:1] == '"' and cell in text(at) for cell in row if cell)
    }


def _pairs_of_malformed(text: str, delimiter: str, header: AnyHeader) -> list[Pair]:
    try:
        return list(read_pairs(next(csv.reader([text], delimiter=delimiter), []), header))
    except csv.Error:
        return []


_CANDIDATES = {"\t": "tab", "|": "pipe", ";": "semicolon", ",": "comma"}
"""The delimiters that are tried and their names in `delimiter=`, first those that seldom stand within a cell."""
_WORDS = {name: candidate for candidate, name in _CANDIDATES.items()} | {"\\t": "\t", "space": " "}
_EXCEL_HINT = re.compile(r"\"?sep=(.)\"?[\r\n]*", re.IGNORECASE)
_SAMPLE_LINES = 1_000
_FACTS_SHOWN = 3
_SNIFFED_CHARS = 1 << 16
_UNUSABLE = '"\r\n\0'


def parse_delimiter(option: str | None) -> str | None:
    """The delimiter that the query gives as a character or by name; None for none. Raises UnusableFile (422)."""
    if option is None:
        return None
    character = _WORDS.get(option.strip().lower(), option)
    if len(character) != 1 or character in _UNUSABLE:
        raise UnusableFile(
            f"delimiter= takes one character, or comma, tab, semicolon, pipe or space, not {option[:40]!r}.",
            code=Code.DELIMITER_UNCLEAR,
        )
    return character


def find_excel_hint(first_line: str) -> str | None:
    """The character in a first line such as `sep=;`, which Excel understands as a hint; None where there is none."""
    match = _EXCEL_HINT.fullmatch(first_line)
    return match[1] if match and match[1] not in _UNUSABLE else None


def _detect_delimiter(lines: Sequence[str], known: _Text, options: Options, limits: Limits) -> str:
    """Detect the delimiter: the one by which a row is the header; where none is, the one that splits rows most evenly.

    Raises UnusableFile (422) where none of the candidates splits any row, or where several fit alike.
    """
    head = list(islice(dropwhile(is_blank, lines), _SAMPLE_LINES))
    samples = {candidate: _read_sample(head, candidate) for candidate in _CANDIDATES}
    fitting = [candidate for candidate, rows in samples.items() if _has_header(rows, options)]
    if not fitting:
        evenness = {candidate: _measure_evenness(rows) for candidate, rows in samples.items()}
        fitting = [candidate for candidate in _CANDIDATES if evenness[candidate] == max(evenness.values())]
        if evenness[fitting[0]] == (0, 0):
            raise UnusableFile(
                "No comma, tab, semicolon or pipe separates the cells. The first line reads: "
                f"{escape_undecodable(head[0].strip()[:120])}. Name the character with delimiter=.",
                code=Code.DELIMITER_UNCLEAR,
            )
        if evenness[fitting[0]] < (1, 0) or not (
            header.names_header(options, header.AUTO) or header.names_header(options, header.NONE)
        ):
            return fitting[0]  # by none of them is there a table, which the header's own error says
        options = replace(options, header=header.NONE)
    if len(fitting) > 1:
        fitting_samples = {candidate: samples[candidate] for candidate in fitting}
        raise _delimiter_unclear(fitting_samples, head, known, options, limits)
    return fitting[0]


def _has_header(rows: Sequence[Sequence[str]], options: Options) -> bool:
    """Whether one of the first rows is recognised as the header."""
    if not rows or header.names_header(options, header.NONE):
        return False
    return header.has_names(rows[header.locate_header(rows, options)], options)


def _delimiter_unclear(
    samples: dict[str, list[list[str]]], head: list[str], known: _Text, options: Options, limits: Limits
) -> UnusableFile:
    """The question by which of several delimiters to read, with what each makes of the first rows."""
    readings, shown = list[dict[str, object]](), list[str]()
    for delimiter, rows in samples.items():
        name = _CANDIDATES[delimiter]
        shown.append(
            f"With delimiter={name} the first row is: {header.quote_row(rows[header.locate_header(rows, options)])}"
        )
        with suppress(UnusableFile):
            facts = islice(_read_lines(head, known, delimiter, options, limits).columns.rows(), _FACTS_SHOWN)
            query = options.change_query(
                delimiter=name, header=None if options.header == header.AUTO else options.header
            )
            readings.append({"query": query, "facts": [list(fact) for fact in facts]})
    return UnusableFile(
        f"Several delimiters fit. {'. '.join(shown)}. Name the right one with delimiter=.",
        code=Code.DELIMITER_UNCLEAR,
        readings=readings,
        **({"try": readings[0]["query"]} if readings else {}),
    )


def _read_sample(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    rows = list[list[str]]()
    starts = (line[:_SNIFFED_CHARS] for line in islice(lines, _SAMPLE_LINES))
    with suppress(csv.Error):  # a cell beyond the reader's limit; the rows before it are enough
        for row in csv.reader(starts, delimiter=delimiter):
            if not all(map(is_blank, row)):
                rows.append(row)
    return rows


def _measure_evenness(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """How evenly a delimiter splits rows into three cells or more: (4, 0) all rows alike, (3, 0) all from the first
    that may be a fact on, (2, 0) most of them, (1, 0) some; (0, n) where none is, but n rows are split in two.
    """
    top = next((at for at, row in enumerate(rows) if len(row) - sum(map(is_blank, row)) >= len(ROLES)), len(rows))
    widths = Counter(len(row) for row in rows[top:])
    if not widths:
        return 0, sum(1 for row in rows if len(row) > 1)
    width, times = widths.most_common(1)[0]
    if width < len(ROLES) or times * 2 <= len(rows) - top:
        return 1, 0
    if len(widths) > 1:
        return 2, 0
    return 4 if all(len(row) == width for row in rows[:top]) else 3, 0
