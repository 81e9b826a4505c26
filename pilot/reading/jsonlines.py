"""Read JSON lines: one object a line, whose keys are the columns."""

import io
import json
import re

from pilot.reading.decoding import BAD
from pilot.reading.layouts import find_columns
from pilot.reading.options import ReadingOptions
from pilot.reading.table import FactTable, Record
from pilot.reading.titles import ROLES, match_titles
from schemas.uploads import Layout

_HALF_PAIR = re.compile("[\ud800-\udfff]")


def read_json_lines(text: str, options: ReadingOptions, *, encoding: str) -> FactTable:
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
        return find_columns(iter(head + rows), options, encoding=encoding, delimiter=None)
    header = "auto" if options.header == "none" else options.header
    keys = [titles[place] for place in match_titles(titles, header)]
    rows = []
    for number, fact in found:
        *names, answer = [fact.get(key) for key in keys] if fact else [BAD, BAD, BAD]
        for one in answer if isinstance(answer, list) and answer else [answer]:
            rows.append((number, [_to_text(cell) for cell in (*names, one)]))
    return FactTable(rows, (0, 1, 2), ROLES, [], encoding, None)


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
