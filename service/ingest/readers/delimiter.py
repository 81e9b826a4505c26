"""Which character separates the cells: declared, or the one that makes the first row a header."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from schemas.problems import Code
from service.errors import UnusableFile
from service.facts import is_blank
from service.ingest.readers import header
from service.ingest.readers.decode import shown

_CANDIDATES = (",", "\t", ";", "|")
_WORDS = {
    "comma": ",",
    "tab": "\t",
    "\\t": "\t",
    "semicolon": ";",
    "pipe": "|",
    "space": " ",
}
_EXCEL_HINT = re.compile(r"\"?sep=(.)\"?[\r\n]*", re.IGNORECASE)
_SAMPLE_LINES = 50
_SAMPLE_CHARS = 1 << 16
_UNUSABLE = '"\r\n\0'


def declared_delimiter(option: str | None) -> str | None:
    """The delimiter of the query, by character or by name; 422 where it is neither."""
    if option is None:
        return None
    character = _WORDS.get(option.strip().lower(), option)
    if len(character) != 1 or character in _UNUSABLE:
        raise UnusableFile(
            f"delimiter= takes one character, or comma, tab, semicolon, pipe, space; not {option[:40]!r}.",
            code=Code.DELIMITER_UNCLEAR,
        )
    return character


def excel_hint(first_line: str) -> str | None:
    """The character of a first line `sep=;`, which Excel writes and hides."""
    match = _EXCEL_HINT.fullmatch(first_line)
    return match[1] if match and match[1] not in _UNUSABLE else None


def found_delimiter(lines: Sequence[str], option: str) -> str:
    """The candidate that makes the first row a header by the header option, else the one that cuts rows most evenly."""
    samples = {candidate: _sample(lines, candidate) for candidate in _CANDIDATES}
    for candidate, rows in samples.items():
        if option.strip().lower() != header.NONE and header.fits(_head(rows, option), option):
            return candidate
    best = max(_CANDIDATES, key=lambda candidate: _evenness(samples[candidate]))
    if _evenness(samples[best]) == (0.0, 0):
        first = next((line for line in lines if not is_blank(line)), "").strip()
        raise UnusableFile(
            f"No comma, tab, semicolon or pipe separates the cells. The first line reads: {shown(first[:120])}. "
            "Name the character with delimiter=.",
            code=Code.DELIMITER_UNCLEAR,
        )
    return best


def _head(rows: Sequence[Sequence[str]], option: str) -> Sequence[str]:
    return rows[header.locate(rows, option)] if rows else []


def _sample(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    rows = list[list[str]]()
    starts = (line[:_SAMPLE_CHARS] for line in islice(lines, _SAMPLE_LINES))
    with suppress(csv.Error):  # a cell beyond the reader's limit; the rows before it are sample enough
        for row in csv.reader(starts, delimiter=delimiter):
            if not all(map(is_blank, row)):
                rows.append(row)
    return rows


def _evenness(rows: list[list[str]]) -> tuple[float, int]:
    """(share of rows with the commonest width above one, that width); nothing where rows are not cut at all."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    width, times = widths.most_common(1)[0] if widths else (0, 0)
    return (times / len(rows), width) if times else (0.0, 0)
