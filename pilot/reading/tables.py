"""A file to rows: records of three cells with the line each begins on, whatever the format."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyarrow import parquet
from python_calamine import CalamineWorkbook

from pilot.errors import UnusableInput
from pilot.reading.decoding import decode
from pilot.reading.options import Options

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
_LONGEST_CELL = 1 << 24
CELL_LIMIT = 131_072


@dataclass(frozen=True, slots=True)
class Table:
    """Records below the header, their three columns' places, and how the file was read.

    `width`: the cells of a well-formed record. `titles`: the folded header, so that its repetition is known.
    """

    records: Iterable[Record]
    places: tuple[int, int, int]
    width: int
    titles: tuple[str, ...]
    encoding: str
    delimiter: str | None


def read_table(path: Path, options: Options) -> Table:
    """Raises UnusableInput with the option to set, where there is one."""
    data = path.read_bytes()
    if not data:
        raise UnusableInput("the file is empty")
    if data.startswith(b"PK\x03\x04"):
        return _under_header(_sheet(path), options, encoding="xlsx", delimiter=None)
    if data.startswith(b"PAR1"):
        return _under_header(_parquet(path), options, encoding="parquet", delimiter=None)
    text = decode(data, options.encoding)
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return _under_header(_json_lines(text.text), options, encoding=text.encoding, delimiter=None)
    delimiter = _delimiter(text.text, options, path)
    return _under_header(_csv(text.text, delimiter), options, encoding=text.encoding, delimiter=delimiter)


def _csv(text: str, delimiter: str) -> Iterator[Record]:
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in rows:
            yield line, row
            line = rows.line_num + 1
    except csv.Error as error:
        raise UnusableInput(f"line {line}: {error}") from None


def _sheet(path: Path) -> Iterator[Record]:
    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    for line, row in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        yield line, [_cell(value) for value in row]


def _parquet(path: Path) -> Iterator[Record]:
    table = parquet.read_table(path)
    yield 1, [str(name) for name in table.column_names]
    columns = [column.to_pylist() for column in table.columns]
    for line, row in enumerate(zip(*columns, strict=True), start=2):
        yield line, [_cell(value) for value in row]


def _json_lines(text: str) -> Iterator[Record]:
    yield 0, ["subject", "relation", "answer"]
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            fact = json.loads(line)
            yield number, [_cell(fact.get(name)) for name in ("subject", "relation", "answer")]


def _cell(value: object) -> str:
    """Spreadsheets return 12 as 12.0: a whole number is written without its fraction."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _delimiter(text: str, options: Options, path: Path) -> str:
    if options.delimiter is not None:
        return _DELIMITERS.get(options.delimiter, options.delimiter)
    first = next((line for line in text.splitlines() if line.strip()), "")
    counts = {mark: first.count(mark) for mark in ",\t;|"}
    if path.suffix.lower() == ".tsv" or counts["\t"] >= 2 > counts[","]:
        return "\t"
    return max(counts, key=lambda mark: counts[mark])


def _under_header(records: Iterator[Record], options: Options, *, encoding: str, delimiter: str | None) -> Table:
    if options.header == "none":
        return Table(records, (0, 1, 2), 3, (), encoding, delimiter)
    first = next((cells for _, cells in records if any(cell.strip() for cell in cells)), None)
    if first is None:
        raise UnusableInput("the file holds no row")
    titles = tuple(folded_title(cell) for cell in first)
    return Table(records, _places(titles, options.header), len(titles), titles, encoding, delimiter)


def _places(titles: tuple[str, ...], header: str) -> tuple[int, int, int]:
    if header == "auto":
        wanted = [_HEADERS["subject"], _HEADERS["relation"], _HEADERS["answer"]]
    else:
        wanted = [{folded_title(name)} for name in header.split(",")]
    found = [next((place for place, title in enumerate(titles) if title in names), None) for names in wanted]
    match found:
        case [int(subject), int(relation), int(answer)]:
            return subject, relation, answer
    raise UnusableInput("no header with subject, relation and answer: use --header none or --header NAME,NAME,NAME")


def folded_title(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip("\ufeff \t\u3000").casefold()
