"""Read a file of any format into records of cells, each with the line that it begins on."""

import csv
import datetime as dt
import io
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyarrow import parquet
from python_calamine import CalamineError, CalamineWorkbook

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
_MARKS = re.compile('\ufeff+(?=")')
_END_MARK = re.compile("(?<=[\r\n])\x1a+[\r\n]*$")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_HEAD_ROWS = 20  # among so many filled rows a header is looked for by its names
_LONGEST_CELL = 1 << 24
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
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
    for magic, kind, read in ((b"PK\x03\x04", "xlsx", _read_sheet), (b"PAR1", "parquet", _read_parquet)):
        if data.startswith(magic):
            return _find_columns(_explain_damage(read(path), kind), options, encoding=kind, delimiter=None)
    text = decode(data, options.encoding)
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return _find_columns(_read_json_lines(text.text), options, encoding=text.encoding, delimiter=None)
    body = _drop_marks(text.text)
    delimiter = _find_delimiter(body, options, path)
    return _find_columns(_read_csv(body, delimiter), options, encoding=text.encoding, delimiter=delimiter)


def _drop_marks(text: str) -> str:
    """Take off what programs leave in text files: Ctrl-Z in a last line of its own, and byte order marks where a record
    begins with one before a quote. Inside a quote they stay.
    """
    end = len(text.rstrip("\r\n\x1a"))
    text = text[:end] + _END_MARK.sub("", text[end:])
    kept, end, quotes = list[str](), 0, 0
    for mark in _MARKS.finditer(text):
        start = mark.start()
        quotes += text.count('"', end, start)
        begins = start == 0 or text[start - 1] in "\r\n"
        kept.append(text[end : start if begins and quotes % 2 == 0 else mark.end()])
        end = mark.end()
    return "".join([*kept, text[end:]])


def _explain_damage(records: Iterator[Record], kind: str) -> Iterator[Record]:
    """Yield the records. Raises UnusableInput where the library that decodes such files gives up."""
    try:
        yield from records
    except (ValueError, OSError, CalamineError):
        raise UnusableInput(
            f"the file cannot be read as {kind}: it is damaged, or has a type or a time zone that is not known here",
            "file_unreadable",
            kind=kind,
        ) from None


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
    with parquet.ParquetFile(path) as file:
        table = file.read()
    yield 1, [str(name) for name in table.column_names]
    columns = [list(chain.from_iterable(map(_to_cells, column.chunks))) for column in table.columns]
    yield from enumerate(zip(*columns, strict=True), start=2)


def _to_cells(values: pa.Array) -> list[str]:
    """Return a column's values as text; BAD where a value has no exact text.

    Moments are computed here: Arrow's own texts cut the seconds of old offsets, and turn over at the ends of its range.
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _to_cells(values.dictionary_decode())
    if pa.types.is_timestamp(kind):
        zone = _find_zone(kind.tz) if kind.tz else None
        return [_to_moment(count, kind.unit, zone) for count in values.cast("int64").to_pylist()]
    if pa.types.is_date(kind):
        return [_to_day(days) for days in values.cast("date32").cast("int32").to_pylist()]
    if pa.types.is_time(kind):
        counts = values.cast("int32" if pa.types.is_time32(kind) else "int64").to_pylist()
        return [_to_moment(count, kind.unit, None).partition("T")[2] for count in counts]
    if pa.types.is_duration(kind):
        return [_to_duration(count, kind.unit) for count in values.cast("int64").to_pylist()]
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        narrow = kind.to_pandas_dtype()
        return ["" if value is None else _to_cell(float(str(narrow(value)))) for value in values.to_pylist()]
    if pa.types.is_decimal(kind):
        return ["" if value is None else format(value, "f") for value in values.to_pylist()]
    return [_to_cell(value) for value in values.to_pylist()]


def _find_zone(name: str) -> dt.tzinfo | None:
    """Return the zone of an offset such as +05:30 or of a name. Raises ValueError where there is none."""
    try:
        return dt.datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo if name[0] in "+-" else ZoneInfo(name)
    except KeyError as error:
        raise ValueError(*error.args) from None


def _to_moment(count: int | None, unit: str, zone: dt.tzinfo | None) -> str:
    """Return a moment that is so many units after 1970, in UTC, as ISO 8601 has it; BAD where no such year is."""
    if count is None:
        return ""
    seconds, fraction = divmod(count, _PER_SECOND[unit])
    try:
        moment = _EPOCH + dt.timedelta(seconds=seconds)
        text = (moment.astimezone(zone) if zone else moment.replace(tzinfo=None)).isoformat()
    except OverflowError:
        return BAD
    return text[:19] + _to_fraction(fraction, unit) + text[19:]


def _to_day(days: int | None) -> str:
    moment = _to_moment(None if days is None else days * 86_400, "s", None)
    return moment.removesuffix("T00:00:00")


def _to_fraction(count: int, unit: str) -> str:
    """Return a part of a second with a point and six digits, nine where it takes them, none where it is nothing."""
    digits = f"{count * 10**9 // _PER_SECOND[unit]:09d}"
    return "" if not count else f".{digits[:6]}" if digits.endswith("000") else f".{digits}"


def _to_duration(count: int | None, unit: str) -> str:
    if count is None:
        return ""
    seconds, fraction = divmod(abs(count), _PER_SECOND[unit])
    sign, minutes = "-" if count < 0 else "", seconds // 60
    return f"{sign}{minutes // 60}:{minutes % 60:02}:{seconds % 60:02}{_to_fraction(fraction, unit)}"


def _read_json_lines(text: str) -> Iterator[Record]:
    """Read one object a line. A list of answers gives a row each; anything but such an object gives a bad row."""
    yield 0, _KEYS
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
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
    if isinstance(value, float) and not math.isfinite(value):
        return BAD
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else str(value).removesuffix(".0")
    if isinstance(value, dt.datetime):
        return value.isoformat() if value.time() != dt.time() else value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return BAD if isinstance(value, bytes | list | dict) else "" if value is None else str(value)


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
    """Find the header and its columns: the first row that has the names given, else the first with three filled cells.

    What stands above it is a title or a note.
    """
    wanted = [] if options.header in ("auto", "none") else [_fold_title(name) for name in _name_columns(options.header)]
    rows = list(records)
    filled = (at for at, (_, cells) in enumerate(rows) if sum(map(bool, map(trim, cells))) >= len(_KEYS))
    top = next(filled, None)
    if wanted:
        head = islice((at for at, (_, cells) in enumerate(rows) if any(map(trim, cells))), _HEAD_ROWS)
        top = next((at for at in head if {*wanted} <= set(map(_fold_title, rows[at][1]))), top)
    if top is None:
        raise UnusableInput("the file has no row of three filled cells", "no_row")
    _, titles = rows[top]
    if options.header == "none":
        return FactTable(rows[top:], (0, 1, 2), len(titles), [], encoding, delimiter)
    places = _match_titles([_fold_title(cell) for cell in titles], options.header)
    rows = rows[top + 1 :]
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
        wanted = [{_fold_title(name)} for name in _name_columns(header)]
    found = [next((place for place, title in enumerate(titles) if title in names), None) for names in wanted]
    match found:  # anything but three names is no header either
        case [int(subject), int(relation), int(answer)]:
            return subject, relation, answer
    raise UnusableInput(
        "no header with subject, relation and answer: use --header none or --header NAME,NAME,NAME", "header_unclear"
    )


def _name_columns(header: str) -> list[str]:
    """Split `NAME,NAME,NAME`, where a name may have line breaks, and commas if it is quoted."""
    try:
        return next(csv.reader([header])) if '"' in header else header.split(",")
    except csv.Error:
        return []


def _fold_title(cell: str) -> str:
    return unicodedata.normalize("NFKC", trim(cell)).casefold()


def trim(name: str) -> str:
    """Remove white space and stray byte order marks from both ends."""
    return name.strip().strip("\ufeff").strip()
