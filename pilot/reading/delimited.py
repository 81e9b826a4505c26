"""Read delimited text: what separates its cells, and its records with the line that each begins on."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from pilot.errors import UnusableInput
from pilot.reading.decoding import BAD
from pilot.reading.layouts import HEAD_ROWS
from pilot.reading.options import ReadingOptions
from pilot.reading.table import Record, trim
from pilot.reading.titles import ROLES, find_exact, match_titles, name_columns
from schemas.uploads import Layout

_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SEPARATOR_HINT = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_MARKS = re.compile('\ufeff+(?=")')
_END_MARK = re.compile("(?<=[\r\n])\x1a+[\r\n]*$")
_SNIFFED_LINES = 1_000
_LONGEST_CELL = 1 << 24


def read_delimited(text: str, options: ReadingOptions, path: Path) -> tuple[list[Record], str]:
    """Read the records of a text, and tell its delimiter. Raises UnusableInput where one of the two is unclear."""
    body = _drop_marks(text)
    delimiter = _find_delimiter(body, options, path)
    records = list(_read_csv(body, delimiter))
    _refuse_strange_quotes(records)
    return records, delimiter


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


def _find_delimiter(text: str, options: ReadingOptions, path: Path) -> str:
    """The delimiter that is stated, or by which a row is the header, or that alone splits all rows alike."""
    if options.delimiter is not None:
        return _DELIMITERS.get(options.delimiter, options.delimiter)
    lines = list(islice(io.StringIO(text.lstrip("\r\n"), newline=""), _SNIFFED_LINES))
    first = next((line for line in lines if line.strip()), "")
    if hint := _SEPARATOR_HINT.fullmatch(first.strip()):
        return hint[1]
    if path.suffix.lower() == ".tsv" and "\t" in first:
        return "\t"
    samples = {mark: [row for row in _read_sample(lines, mark) if any(map(trim, row))] for mark in "\t|;,"}
    titled = [mark for mark, rows in samples.items() if any(_is_titled(row, options) for row in rows[:HEAD_ROWS])]
    if options.header != "none" and titled:
        return titled[0]
    even = [mark for mark, rows in samples.items() if rows and len(rows[-1]) >= ROLES and len(set(map(len, rows))) == 1]
    if len(even) > 1:
        raise UnusableInput("several delimiters fit: use --delimiter", "delimiter_unclear")
    widths = {mark: Counter(len(row) for row in rows if len(row) >= ROLES) for mark, rows in samples.items()}
    return even[0] if even else max(widths, key=lambda mark: widths[mark].most_common(1)[0][1] if widths[mark] else 0)


def _read_sample(lines: Sequence[str], mark: str) -> list[list[str]]:
    rows = list[list[str]]()
    with suppress(csv.Error):
        rows.extend(csv.reader(lines, delimiter=mark))
    return rows


def _is_titled(row: Sequence[str], options: ReadingOptions) -> bool:
    if options.layout is Layout.WIDE:
        return all(find_exact(row, name) is not None for name in name_columns(options.subject or ""))
    with suppress(UnusableInput):
        return bool(match_titles(row, options.header))
    return False
