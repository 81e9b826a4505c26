"""Read a file of any format into records of cells, each with the line that it begins on."""

import csv
import datetime as dt
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pyarrow import parquet
from python_calamine import CalamineWorkbook

from pilot.errors import UnusableInput
from pilot.reading.decoding import BAD, decode
from pilot.reading.options import ReadingOptions

Record = tuple[int, Sequence[str]]
"""The line a record begins on (1 is the file's first line) and its cells as text."""

_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_HEADERS = {
    "subject": {"subject", "主語", "主体", "対象", "件名", "キー", "項目"},
    "relation": {
        "relation",
        "predicate",
        "property",
        "attribute",
        "関係",
        "述語",
        "属性",
        "属性名",
        "項目名",
        "関係名",
    },
    "answer": {"answer", "object", "value", "答え", "回答", "答", "値", "目的語", "解答"},
}
_KEYS = ["subject", "relation", "answer"]
_SEPARATOR_HINT = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_LONGEST_CELL = 1 << 24
_EXACT = 2**53  # beyond it the last digits of a float mean nothing
CELL_LIMIT = 131_072


@dataclass(frozen=True, slots=True)
class FactTable:
    """The records below the header, and how the file was read.

    places: the indices of the subject, relation and answer columns; width: how many cells a well-formed record has;
    titles: the header, so that a repetition of it can be recognised.
    """

    records: Iterable[Record]
    places: tuple[int, int, int]
    width: int
    titles: list[str]
    encoding: str
    delimiter: str | None


def read_table(path: Path, options: ReadingOptions) -> FactTable:
    """Read a file. Raises UnusableInput, which names the option to set where there is one."""
    data = path.read_bytes()
    if not data:
        raise UnusableInput("the file is empty", "file_empty")
    if data.startswith(b"PK\x03\x04"):
        return _find_columns(_read_sheet(path), options, encoding="xlsx", delimiter=None)
    if data.startswith(b"PAR1"):
        return _find_columns(_read_parquet(path), options, encoding="parquet", delimiter=None)
    text = decode(data, options.encoding)
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return _find_columns(_read_json_lines(text.text), options, encoding=text.encoding, delimiter=None)
    delimiter = _find_delimiter(text.text, options, path)
    return _find_columns(_read_csv(text.text, delimiter), options, encoding=text.encoding, delimiter=delimiter)


def _read_csv(text: str, delimiter: str) -> Iterator[Record]:
    """Read CSV. A record with broken quotes within its line has no cells; a quote that is never closed is an error."""
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            if rows.line_num > line or "end of data" in str(error):
                raise UnusableInput(
                    f"line {line}: a quote is opened and never closed", "quote_unclosed", line=line
                ) from None
            row = []
            yield line, [BAD]
        if row and not (line == 1 and _SEPARATOR_HINT.fullmatch(delimiter.join(row))):
            yield line, row
        line = rows.line_num + 1


def _read_sheet(path: Path) -> Iterator[Record]:
    """Read the first sheet, without its empty rows."""
    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    for line, row in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        cells = [_to_cell(value) for value in row]
        if any(cells):
            yield line, cells


def _read_parquet(path: Path) -> Iterator[Record]:
    table = parquet.read_table(path)
    yield 1, [str(name) for name in table.column_names]
    columns = [column.to_pylist() for column in table.columns]
    for line, row in enumerate(zip(*columns, strict=True), start=2):
        yield line, [_to_cell(value) for value in row]


def _read_json_lines(text: str) -> Iterator[Record]:
    """Read one object a line. A list of answers gives a row each; anything but such an object gives a bad row."""
    yield 0, _KEYS
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                fact = json.loads(line, parse_int=str, parse_float=str, object_pairs_hook=_refuse_repeated_keys)
                subject, relation, answer = (fact.get(key) or "" for key in _KEYS)
            except (ValueError, AttributeError):
                subject, relation, answer = BAD, BAD, BAD
            for one in answer if isinstance(answer, list) and answer else [answer]:
                yield number, [_to_text(cell) for cell in (subject, relation, one)]


def _to_text(value: object) -> str:
    """Return a string, or BAD for another type or half of a surrogate pair, which JSON can escape."""
    return value if isinstance(value, str) and not _HALF_PAIR.search(value) else BAD


def _refuse_repeated_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _to_cell(value: object) -> str:
    """Return a value as a person would type it: 12 for 12.0, an ISO date, TRUE and FALSE."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else str(value).removesuffix(".0")
    if isinstance(value, dt.datetime):
        return value.isoformat() if value.time() != dt.time() else value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return "" if value is None else str(value)


def _find_delimiter(text: str, options: ReadingOptions, path: Path) -> str:
    if options.delimiter is not None:
        return _DELIMITERS.get(options.delimiter, options.delimiter)
    first = next((line for line in text.splitlines() if line.strip()), "")
    if hint := _SEPARATOR_HINT.fullmatch(first.strip()):
        return hint[1]
    counts = {mark: first.count(mark) for mark in ",\t;|"}
    if path.suffix.lower() == ".tsv" or counts["\t"] >= 2 > counts[","]:
        return "\t"
    return max(counts, key=lambda mark: counts[mark])


def _find_columns(
    records: Iterator[Record], options: ReadingOptions, *, encoding: str, delimiter: str | None
) -> FactTable:
    """Find the header, the first row with three filled cells (what stands above it is a title), and its columns."""
    top = next((record for record in records if sum(map(bool, map(trim, record[1]))) >= len(_KEYS)), None)
    if top is None:
        raise UnusableInput("the file has no row of three filled cells", "no_row")
    _, titles = top
    if options.header == "none":
        return FactTable(chain([top], records), (0, 1, 2), len(titles), [], encoding, delimiter)
    places = _match_titles([_fold_title(cell) for cell in titles], options.header)
    rows = list(records)
    titles = [*map(trim, titles), *[""] * _count_empty_columns(rows, len(titles))]
    return FactTable(rows, places, len(titles), titles, encoding, delimiter)


def _count_empty_columns(rows: Sequence[Record], width: int) -> int:
    """Count the empty cells that every filled row has beyond the width of the header."""
    widths = {len(cells) for _, cells in rows if any(map(trim, cells))}
    alike = len(widths) == 1 and not any(trim(cell) for _, cells in rows for cell in cells[width:])
    return max(widths.pop() - width, 0) if alike else 0


def _match_titles(titles: list[str], header: str) -> tuple[int, int, int]:
    if header == "auto":
        wanted = [_HEADERS["subject"], _HEADERS["relation"], _HEADERS["answer"]]
    else:
        wanted = [{_fold_title(name)} for name in next(csv.reader([header]))]
    found = [next((place for place, title in enumerate(titles) if title in names), None) for names in wanted]
    match found:
        case [int(subject), int(relation), int(answer)]:
            return subject, relation, answer
    raise UnusableInput(
        "no header with subject, relation and answer: use --header none or --header NAME,NAME,NAME", "header_unclear"
    )


def _fold_title(cell: str) -> str:
    return unicodedata.normalize("NFKC", trim(cell)).casefold()


def trim(name: str) -> str:
    """Remove white space and stray byte order marks from both ends."""
    return name.strip().strip("\ufeff").strip()
