"""Reading JSON lines: one object per line with subject, relation and answer; a list of answers is one row per entry.

Numbers keep the text that they are written as (`1.50` stays `1.50`); values of other types are refused.
"""

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from schemas.problems import Code
from service.errors import UnusableFile
from service.facts import is_blank
from service.ingest.options import Limits, Options
from service.ingest.readers.csvrows import join_lines, split_lines
from service.ingest.readers.decode import decode, escape_undecodable
from service.ingest.readers.delimited import sample_lines
from service.ingest.readers.header import AUTO, NONE, names_header, resolve_header
from service.ingest.readers.readings import offer_readings
from service.ingest.readers.sift import RawTable, Refusal, Row
from service.ingest.readers.wide import tabulate
from service.ingest.table import AnyHeader, Table, WideHeader
from service.packed import Packed

Object = dict[str, object]
_NOT_AN_OBJECT = "The line is not a single JSON object without repeated keys"
_ADVICE = (
    'Write one object a line, such as {"subject": "…", "relation": "…", "answer": "…"}; '
    "jq -c '.[]' does so with an array of objects."
)
_CELL_NOT_TEXT = (Code.ROW_NOT_TEXT, "The value is neither text nor a number. Several answers need one row each.")
_SAMPLE_OBJECTS = 1_000
_NOT_TEXT = "subject and relation must be text or numbers, and answer text, a number or a list of them"


def read_json_lines(path: Path, media_type: str | None, options: Options, limits: Limits) -> Table:
    """Read a JSON lines file; lines that are no facts are refused one by one. Raises UnusableFile (422)."""
    decoded = decode(path.read_bytes(), media_type, options)
    _refuse_one_document(decoded.text)
    lines, is_ascii = split_lines(decoded.text, limits), decoded.text.isascii()
    encoding = decoded.encoding
    del decoded  # as large as the file
    objects, unread, places_read = _parse_lines(lines)
    header = _resolve_keys(objects, options, limits)
    keys = [header.names[at] for at in header.positions]
    make_rows = _make_wide_rows if isinstance(header, WideHeader) else _make_rows
    rows, places = Packed[Row](), array("q")
    refusals, bad_cells = dict[int, Refusal](), dict[int, dict[int, Refusal]]()
    for at, found in zip(places_read, objects, strict=True):
        cells, bad = make_rows(found, keys) if found is not None else ([[""] * len(keys)], {})
        if found is None:
            refusals[len(rows)] = unread[at]
        elif bad:
            bad_cells[len(rows)] = bad
        rows.extend(cells)
        places.extend([at] * len(cells))

    def text(row: int) -> str:
        return escape_undecodable(join_lines(lines, places[row], places[row] + 1))

    sheet = RawTable(rows, array("q", (at + 1 for at in places)), text, refusals, bad_cells, scan=True)
    table = tabulate(sheet, header.select(), options, limits)
    table.header = header
    table.blank_lines += len(lines) - len(objects)
    table.encoding, table.samples = encoding, sample_lines(lines, is_ascii=is_ascii)
    return table


def _refuse_one_document(text: str) -> None:
    """Raise UnusableFile where the file is one array, or objects over several lines: some of their lines may look like
    facts.
    """
    start = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    try:
        first, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return
    if isinstance(first, list) or "\n" in text[start:end]:
        what = "one array" if isinstance(first, list) else "an object over several lines"
        raise UnusableFile(f"The file is JSON, but {what}. {_ADVICE}", code=Code.NOT_A_TABLE)


def _parse_lines(lines: Iterable[str]) -> tuple[Packed[Object | None], dict[int, Refusal], Sequence[int]]:
    """The object of each line that is not blank, or None; why there is none, by the index of the line; and the indices
    of these lines.
    """
    objects, unread, places = Packed[Object | None](), dict[int, Refusal](), array("q")
    for at, line in enumerate(lines):
        if is_blank(line):
            continue
        found = _parse_object(line)
        if isinstance(found, tuple):
            unread[at] = found
        objects.append(None if isinstance(found, tuple) else found)
        places.append(at)
    return objects, unread, places


def _parse_object(line: str) -> Object | Refusal:
    if "\0" in line:
        return Code.ROW_NUL, "The line has NUL characters. Export it again, or remove them."
    try:
        found = json.loads(
            line.strip("\ufeff"),
            object_pairs_hook=_unique_keys,
            parse_int=str,
            parse_float=str,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        return Code.ROW_MALFORMED, f"{_NOT_AN_OBJECT}: {str(error)[:100]}."
    if isinstance(found, dict):
        return found
    return Code.ROW_MALFORMED, f"{_NOT_AN_OBJECT}."


def _unique_keys(pairs: list[tuple[str, object]]) -> Object:
    """Make the object. Raises ValueError for a repeated key, of which `json` would silently keep the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _resolve_keys(objects: Iterable[Object | None], options: Options, limits: Limits) -> AnyHeader:
    """The header that the keys of all objects are, in the order of their first appearance."""
    names = list(dict.fromkeys(escape_undecodable(key) for found in objects for key in found or ()))
    if not names:
        raise UnusableFile(
            f"No line is a JSON object. {_ADVICE}",
            code=Code.NOT_A_TABLE,
        )
    options = replace(options, header=AUTO) if names_header(options, NONE) else options
    try:
        return resolve_header(names, options)
    except UnusableFile as error:
        readable = (found for found in objects if found is not None)
        rows = [_make_wide_rows(found, names)[0][0] for found in islice(readable, _SAMPLE_OBJECTS)]
        raise offer_readings(error, [names, *rows], 0, options, limits) from None


def _make_rows(found: Object, keys: list[str]) -> tuple[list[Row], dict[int, Refusal]]:
    """One row for each answer; or a single row and the reason for its refusal where a value is not text."""
    subject, relation, answer = (found.get(key) for key in keys)
    answers = (answer or [""]) if isinstance(answer, list) else ["" if answer is None else answer]
    names = ["" if name is None else name for name in (subject, relation)]
    if all(isinstance(value, str) for value in (*names, *answers)):
        return [[*map(str, names), str(one)] for one in answers], {}
    cells = [value if isinstance(value, str) else "" for value in (subject, relation)]
    return [[*cells, ""]], {0: (Code.ROW_NOT_TEXT, f"{_NOT_TEXT[0].upper()}{_NOT_TEXT[1:]}.")}


def _make_wide_rows(found: Object, keys: list[str]) -> tuple[list[Row], dict[int, Refusal]]:
    """The one row of an object whose keys are the columns, and the cells that are refused since they are not text."""
    values = ["" if found.get(key) is None else found[key] for key in keys]
    bad = {at: _CELL_NOT_TEXT for at, value in enumerate(values) if not isinstance(value, str)}
    return [[value if isinstance(value, str) else "" for value in values]], bad
