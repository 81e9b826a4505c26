"""Read a file of any format into records of cells, each with the line that it begins on."""

import csv
import datetime as dt
import io
import json
import math
import re
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice, product
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyarrow import parquet

from pilot.errors import UnusableInput
from pilot.reading.decoding import BAD, decode
from pilot.reading.options import ReadingOptions
from pilot.reading.workbook import Sheet, read_sheets
from schemas.uploads import Layout

Record = tuple[int, Sequence[str]]
"""The line a record begins on (1 is the file's first line) and its cells as text."""

_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_ROLES = 3
_CLEAR_SUBJECTS = """
subj subjects subjectname subjectid entity entityname head item itemname
主体 主題 対象名 実体 品名 品目 見出し 見出し語 名称 名前 サブジェクト エンティティ エンティティー しゅご 件名
"""
_CLEAR_RELATIONS = """
relations rel relationname relationship predicate property propertyname attribute attributename field
関係名 関連 関係性 述語 属性 属性名 性質 特性 プロパティ プロパティー リレーション アトリビュート 項目名 かんけい
"""
_CLEAR_ANSWERS = """
answers answertext value values object objectname tail target
答 答案 こたえ 回答 解答 応答 値 属性値 項目値 目的語 内容 バリュー アンサー オブジェクト
"""
_KEYS = """
id key code name partno partnumber productcode キー コード 番号 品番 型番 部品 部品番号 部品名 部品コード
商品 商品名 商品コード 製品 製品名 製品コード 顧客 顧客名 得意先 得意先名 取引先 取引先名
"""
# The titles of each column, the plainest first; a title that can mean two roles counts where it leaves one reading.
_TITLES = (
    ("subject 主語", "relation 関係", "answer 答え"),
    (_CLEAR_SUBJECTS, _CLEAR_RELATIONS, _CLEAR_ANSWERS),
    (_KEYS, "", ""),
)
_EITHER = ({"対象", "項目"}, {"項目"}, {"対象"})
_OF_TITLES = re.compile(r"[\s_\-./:*#]+|\([^)]*\)$|\[[^\]]*\]$")
_SEPARATOR_HINT = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_MARKS = re.compile('\ufeff+(?=")')
_END_MARK = re.compile("(?<=[\r\n])\x1a+[\r\n]*$")
LATE_QUOTE = re.compile('[ \u3000]+"')  # a space before the quote: whether it belongs to the cell is in doubt
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_SNIFFED_LINES = 1_000
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
    if data.startswith(b"PK\x03\x04"):
        return _read_workbook(path, options)
    if data.startswith(b"PAR1"):
        return _find_columns(
            _explain_damage(_read_parquet(path), "parquet"), options, encoding="parquet", delimiter=None
        )
    text = decode(data, options.encoding)
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return _read_json_lines(text.text, options, encoding=text.encoding)
    body = _drop_marks(text.text)
    delimiter = _find_delimiter(body, options, path)
    records = list(_read_csv(body, delimiter))
    _refuse_strange_quotes(records)
    return _find_columns(iter(records), options, encoding=text.encoding, delimiter=delimiter)


def _refuse_strange_quotes(records: Sequence[Record]) -> None:
    """Raise UnusableInput where every cell is in quotes that CSV does not know, so that they would be taught."""
    cells = [cell for _, row in records[1:_SNIFFED_LINES] for cell in row if cell]
    for first, last in ("''", "``", "‘’", "“”", "´´"):
        if cells and all(len(cell) > 1 and cell[0] == first and cell[-1] == last for cell in cells):
            raise UnusableInput(
                f"every cell is enclosed in {first}…{last}, which is no quoting of CSV", "quotes_unknown"
            )


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
    except (ValueError, OSError):
        raise _unreadable(kind) from None


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


def _read_workbook(path: Path, options: ReadingOptions) -> FactTable:
    """Read the sheet that holds a table, a visible one before a hidden one; several are a question."""
    try:
        sheets = [sheet for sheet in read_sheets(str(path)) if sheet.rows]
    except (ValueError, LookupError, OSError, StopIteration, ET.ParseError, zipfile.BadZipFile, zlib.error):
        raise _unreadable("xlsx") from None
    if options.sheet not in (None, "all"):
        wanted = trim(options.sheet or "").casefold()
        sheets = [sheet for sheet in sheets if trim(sheet.name).casefold() == wanted]
    tables = {
        hidden: [_try_sheet(sheet, options) for sheet in sheets if sheet.hidden is hidden] for hidden in (False, True)
    }
    fitting = next((found for hidden in (False, True) if (found := [table for table in tables[hidden] if table])), [])
    if not fitting:
        raise UnusableInput(
            "no sheet has a header with subject, relation and answer: use --header or --sheet", "header_unclear"
        )
    if len(fitting) > 1 and options.sheet != "all":
        raise UnusableInput("several sheets hold a table: use --sheet NAME or --sheet all", "sheet_unclear")
    first = fitting[0]
    return replace(first, records=[record for table in fitting for record in table.records])


def _try_sheet(sheet: Sheet, options: ReadingOptions) -> FactTable | None:
    with suppress(UnusableInput):
        return _find_columns(iter(sheet.rows), options, encoding="xlsx", delimiter=None)
    return None


def _unreadable(kind: str) -> UnusableInput:
    message = f"the file cannot be read as {kind}: it is damaged, or has a type or a time zone that is not known here"
    return UnusableInput(message, "file_unreadable", kind=kind)


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


def _read_json_lines(text: str, options: ReadingOptions, *, encoding: str) -> FactTable:
    """Read one object a line, whose keys are the columns. A list of answers gives a row each; anything but such an
    object gives a bad row.
    """
    found = [
        (number, _parse_object(line))
        for number, line in enumerate(io.StringIO(text, newline=None), start=1)
        if line.strip()
    ]
    titles = list(dict.fromkeys(key for _, fact in found if fact for key in fact))
    head: list[Record] = [(0, titles)]
    if options.layout is Layout.WIDE:
        rows: list[Record] = [
            (number, [_to_text(fact.get(key)) for key in titles] if fact else [BAD]) for number, fact in found
        ]
        return _find_columns(iter(head + rows), options, encoding=encoding, delimiter=None)
    header = "auto" if options.header == "none" else options.header
    keys = [titles[place] for place in _match_titles(titles, header)]
    rows = []
    for number, fact in found:
        *names, answer = [fact.get(key) for key in keys] if fact else [BAD, BAD, BAD]
        for one in answer if isinstance(answer, list) and answer else [answer]:
            rows.append((number, [_to_text(cell) for cell in (*names, one)]))
    return FactTable(rows, (0, 1, 2), _ROLES, [], encoding, None)


def _parse_object(line: str) -> dict[str, object] | None:
    try:
        fact = json.loads(line.strip("\ufeff"), parse_int=str, parse_float=str, object_pairs_hook=_refuse_repeated_keys)
    except (ValueError, RecursionError):
        return None
    return fact if isinstance(fact, dict) else None


def _to_text(value: object) -> str:
    """Return a string, or BAD for another type or half of a surrogate pair, which JSON can escape."""
    if value is None or value == []:
        return ""
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
    """The delimiter that is stated, or by which a row is the header, or that alone splits all rows alike."""
    if options.delimiter is not None:
        return _DELIMITERS.get(options.delimiter, options.delimiter)
    lines = text.lstrip("\r\n").splitlines(keepends=True)[:_SNIFFED_LINES]
    first = next((line for line in lines if line.strip()), "")
    if hint := _SEPARATOR_HINT.fullmatch(first.strip()):
        return hint[1]
    if path.suffix.lower() == ".tsv" and "\t" in first:
        return "\t"
    samples = {mark: [row for row in _read_sample(lines, mark) if any(map(trim, row))] for mark in "\t|;,"}
    titled = [mark for mark, rows in samples.items() if any(_is_titled(row, options) for row in rows[:_HEAD_ROWS])]
    if options.header != "none" and titled:
        return titled[0]
    even = [
        mark for mark, rows in samples.items() if rows and len(rows[-1]) >= _ROLES and len(set(map(len, rows))) == 1
    ]
    if len(even) > 1:
        raise UnusableInput("several delimiters fit: use --delimiter", "delimiter_unclear")
    widths = {mark: Counter(len(row) for row in rows if len(row) >= _ROLES) for mark, rows in samples.items()}
    return even[0] if even else max(widths, key=lambda mark: widths[mark].most_common(1)[0][1] if widths[mark] else 0)


def _read_sample(lines: Sequence[str], mark: str) -> list[list[str]]:
    rows = list[list[str]]()
    with suppress(csv.Error):
        rows.extend(csv.reader(lines, delimiter=mark))
    return rows


def _is_titled(row: Sequence[str], options: ReadingOptions) -> bool:
    if options.layout is Layout.WIDE:
        return all(_find_exact(row, name) is not None for name in _name_columns(options.subject or ""))
    with suppress(UnusableInput):
        return bool(_match_titles(row, options.header))
    return False


def _find_columns(
    records: Iterator[Record], options: ReadingOptions, *, encoding: str, delimiter: str | None
) -> FactTable:
    """Find the header and its columns: the first row that has the names given, else the first with three filled cells.

    What stands above it is a title or a note.
    """
    wanted = [] if options.header in ("auto", "none") else [_fold_title(name) for name in _name_columns(options.header)]
    rows = list(records)
    if options.layout is Layout.WIDE:
        return _unpivot(rows, options, encoding=encoding, delimiter=delimiter)
    filled = (at for at, (_, cells) in enumerate(rows) if sum(map(bool, map(trim, cells))) >= _ROLES)
    top = next(filled, None)
    if wanted:
        head = islice((at for at, (_, cells) in enumerate(rows) if any(map(trim, cells))), _HEAD_ROWS)
        top = next((at for at in head if {*wanted} <= set(map(_fold_title, rows[at][1]))), top)
    if top is None:
        raise UnusableInput("the file has no row of three filled cells", "no_row")
    _, titles = rows[top]
    if options.header == "none":
        return FactTable(rows[top:], (0, 1, 2), len(titles), [], encoding, delimiter)
    places = _match_titles(titles, options.header)
    rows = rows[top + 1 :]
    titles = [*map(trim, titles), *[""] * _count_empty_columns(rows, len(titles))]
    return FactTable(rows, places, len(titles), titles, encoding, delimiter)


def _count_empty_columns(rows: Sequence[Record], width: int) -> int:
    """Count the empty cells that every filled row has beyond the width of the header."""
    widths = {len(cells) for _, cells in rows if any(map(trim, cells))}
    alike = len(widths) == 1 and not any(trim(cell) for _, cells in rows for cell in cells[width:])
    return max(widths.pop() - width, 0) if alike else 0


def _match_titles(titles: Sequence[str], header: str) -> tuple[int, int, int]:
    folded = [_fold_title(title) for title in titles]
    found = _match_words(folded) if header == "auto" else [_find_named(folded, name) for name in _name_columns(header)]
    match found:  # anything but three names is no header either
        case [int(subject), int(relation), int(answer)]:
            return subject, relation, answer
    raise UnusableInput(
        "no header with subject, relation and answer: use --header none or --header NAME,NAME,NAME", "header_unclear"
    )


def _match_words(folded: Sequence[str]) -> list[int | None]:
    """The columns of subject, relation and answer by their titles; None for a role without one, or with several."""
    found: list[int | None] = [None, None, None]
    for words in _TITLES:
        for role, known in enumerate(words):
            places = [at for at, title in enumerate(folded) if title in known.split() and at not in found]
            if found[role] is None and places:
                found[role] = places[0] if len(places) == 1 else -1
    open_roles = [role for role, at in enumerate(found) if at is None]
    choices = [
        [at for at, title in enumerate(folded) if title in _EITHER[role] and at not in found] for role in open_roles
    ]
    readings = [reading for reading in product(*choices) if len(set(reading)) == len(reading)]
    if len(readings) == 1:
        for role, at in zip(open_roles, readings[0], strict=True):
            found[role] = at
    return [None if at == -1 else at for at in found]


def _find_named(folded: Sequence[str], name: str) -> int | None:
    return next((at for at, title in enumerate(folded) if title == _fold_title(name)), None)


def _unpivot(rows: list[Record], options: ReadingOptions, *, encoding: str, delimiter: str | None) -> FactTable:
    """Make a record of every filled cell of a wide table: its row's subject, its column's name, and the cell."""
    names = _name_columns(options.subject or "")
    head = [at for at, (_, cells) in enumerate(rows) if any(map(trim, cells))][:_HEAD_ROWS]
    top = next((at for at in head if names and all(_find_exact(rows[at][1], name) is not None for name in names)), None)
    if top is None:
        raise UnusableInput("no row names the columns of --subject", "header_unclear")
    keys = [place for name in names if (place := _find_exact(rows[top][1], name)) is not None]
    titles, last = _join_titles(rows, head, head.index(top), keys)
    wanted = [_find_exact(titles, name) for name in _name_columns(options.relations)] if options.relations else None
    ignored = (
        {_find_exact(titles, name) for name in _name_columns(options.ignore)} if options.ignore else set[int | None]()
    )
    places = wanted or [at for at, title in enumerate(titles) if title and at not in keys and at not in ignored]
    body = rows[last + 1 :]
    width = len(titles) + _count_empty_columns(body, len(titles))
    made = list(_split_rows(body, titles, width, (keys, [at for at in places if at is not None]), delimiter))
    return FactTable(_spoil_unclear(made, len(keys)), (0, 1, 2), _ROLES, [], encoding, None)


def _find_exact(titles: Sequence[str], name: str) -> int | None:
    """The column of this name: as it is written, else by its folded title."""
    exact = next((at for at, title in enumerate(titles) if trim(title) == trim(name)), None)
    return _find_named([_fold_title(title) for title in titles], name) if exact is None else exact


def _join_titles(rows: list[Record], head: list[int], place: int, keys: list[int]) -> tuple[list[str], int]:
    """The names of the columns, of two rows joined where one of them is not enough, and the last row of the header."""
    titles = [trim(cell) for cell in rows[head[place]][1]]
    counts = Counter(titles)
    if place + 1 < len(head):
        below = [trim(cell) for cell in rows[head[place + 1]][1]]
        lacking = any(low and (not high or counts[high] > 1) for high, low in zip(titles, below, strict=False))
        if len(below) == len(titles) and lacking and not any(below[at] for at in keys):
            return _join_names(titles, below, keys), head[place + 1]
    if place > 0:
        above = [trim(cell) for cell in rows[head[place - 1]][1]]
        spans = any(high and not after and low for high, after, low in zip(above, above[1:], titles[1:], strict=False))
        is_of_groups = (
            spans and not any(above[at] for at in keys if at < len(above)) and not re.search(r"\d", "".join(above))
        )
        if len(above) == len(titles) and is_of_groups:
            return _join_names(above, titles, keys), head[place]
    return titles, head[place]


def _join_names(above: list[str], below: list[str], keys: list[int]) -> list[str]:
    joined, group = list[str](), ""
    for at, (high, low) in enumerate(zip(above, below, strict=True)):
        group = "" if at in keys else high or (group if low else "")
        joined.append(" / ".join(dict.fromkeys(part for part in (high if at in keys else group, low) if part)))
    return joined


def _split_rows(
    body: list[Record], titles: list[str], width: int, columns: tuple[list[int], list[int]], delimiter: str | None
) -> Iterator[tuple[int, tuple[str, ...], str, str]]:
    """Yield line, the cells that make the subject, relation and answer of every filled cell. A row that cannot be read
    gives one that is bad.
    """
    keys, places = columns
    for line, cells in body:
        if not any(map(trim, cells)):
            continue
        late = delimiter is not None and any(map(LATE_QUOTE.match, cells))
        if len(cells) != width or late or [trim(cell) for cell in cells] == titles + [""] * (width - len(titles)):
            yield line, (BAD,), BAD, BAD
            continue
        subject = tuple(trim(cells[at]) for at in keys)
        whole = subject if all(subject) else ("",)
        yield from ((line, whole, titles[at], cells[at]) for at in places if trim(cells[at]))


def _spoil_unclear(made: list[tuple[int, tuple[str, ...], str, str]], parts: int) -> list[Record]:
    """Join the cells of each subject by a slash; where different cells give one text, the record is bad."""
    cells_of: dict[str, set[tuple[str, ...]]] = {}
    for _, cells, _, _ in made:
        cells_of.setdefault("/".join(cells), set()).add(cells)
    unclear = {subject for subject, found in cells_of.items() if parts > 1 and len(found) > 1}
    named = ((line, "/".join(cells), relation, answer) for line, cells, relation, answer in made)
    return [
        (line, [BAD if subject in unclear else subject, relation, answer]) for line, subject, relation, answer in named
    ]


def _name_columns(header: str) -> list[str]:
    """Split `NAME,NAME,NAME`, where a name may have line breaks, and commas if it is quoted."""
    try:
        return next(csv.reader([header])) if '"' in header else header.split(",")
    except csv.Error:
        return []


def _fold_title(cell: str) -> str:
    return _OF_TITLES.sub("", trim(unicodedata.normalize("NFKC", cell).casefold()))


def trim(name: str) -> str:
    """Remove white space and stray byte order marks from both ends."""
    return name.strip().strip("\ufeff").strip()
